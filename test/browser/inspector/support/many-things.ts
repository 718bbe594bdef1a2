/** A client in whose hub there is more than a hub of today would take: 1,000 topics, and 5,000 commands that wait. */

import type { Entry, Inspected } from '../../../../src/inspector/inspected.ts';
import { hubReport, liveTopic } from '../../../support/hub-report.ts';

export interface ManyThings {
  readonly client: Inspected;
  /** How often its report was asked for. */
  asked(): number;
  /** So many of the oldest commands are no more in the outbox. */
  accept(count: number): void;
}

export function manyThings(): ManyThings {
  let asked = 0;
  let entries: readonly Entry[] = Array.from({ length: 5_000 }, (_, index) => ({
    id: `command ${index}`,
    topic: null,
    priority: 'high',
    createdAt: 0,
    attempt: 0,
    dedupeKey: null,
    appVersion: 1,
    state: 'queued',
    command: { type: 'decide' },
  }));
  const listeners = new Set<(entries: readonly Entry[]) => void>();
  const constant = <T>(value: T) => ({
    get: () => value,
    subscribe(listener: (value: T) => void) {
      listener(value);
      return () => {};
    },
  });
  const client: Inspected = {
    connection: constant({ state: 'connecting' as const, attempt: 1 }),
    outbox: {
      get: () => entries,
      subscribe(listener) {
        listeners.add(listener);
        listener(entries);
        return () => listeners.delete(listener);
      },
      storage: constant({ state: 'ok' as const, persistent: null, lost: null }),
      onSettled: () => () => {},
    },
    async inspect() {
      asked++;
      return report;
    },
  };
  return {
    client,
    asked: () => asked,
    accept(count) {
      entries = entries.slice(count);
      for (const listener of listeners) listener(entries);
    },
  };
}

const report = hubReport({
  app: 'many-things',
  outbox: { high: 0, normal: 0, inFlight: 0, entries: 5_000 },
  topics: Array.from({ length: 1_000 }, (_, index) => liveTopic(`topic ${index}`, index)),
});
