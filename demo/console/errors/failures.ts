import type { FailureEvent } from '../../engine/events.ts';
import { createStore } from '../ui/store.ts';

/** What went wrong in a run, or in one of its nodes. */
export interface Failure extends Omit<FailureEvent, 'type'> {
  /** Of the event: one that comes again is the same failure. */
  readonly id: string;
  /** Its notice was dismissed, or the list was opened. */
  readonly isSeen: boolean;
}

/** What has gone wrong lately, in the order in which this tab heard of it. */
export interface Failures {
  get(): readonly Failure[];
  subscribe(listener: () => void): () => void;
  add(failure: Omit<Failure, 'isSeen'>): void;
  see(seen: readonly Failure[]): void;
}

/** The oldest go first. */
const LIMIT = 500;

export function createFailures(): Failures {
  const { get, subscribe, set } = createStore<readonly Failure[]>([]);
  return {
    get,
    subscribe,
    add(failure) {
      if (get().some(({ id }) => id === failure.id)) return;
      set([...get(), { ...failure, isSeen: false }].slice(-LIMIT));
    },
    see(seen) {
      const ids = new Set(seen.map(({ id }) => id));
      set(get().map((failure) => (ids.has(failure.id) ? { ...failure, isSeen: true } : failure)));
    },
  };
}
