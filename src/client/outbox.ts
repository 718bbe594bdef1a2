/** How the application sees the hub's outbox, and which endings are news to it. */
import type { Typed } from '../protocol/interpret.ts';
import { isWaiting } from '../protocol/is-waiting.ts';
import type { Outcome, StorageState } from '../protocol/model.ts';
import type { AnyOutboxEntry, Batch } from '../protocol/port.ts';
import type { Clock } from './clock.ts';
import { attempt, type Report } from './errors.ts';
import type { Frame } from './frame.ts';
import type { Link } from './link.ts';
import { cell, select, until } from './readable.ts';
import type { Receipts } from './receipts.ts';
import type { Readable } from './types.ts';

/** So many endings are remembered as told: as many as a hub keeps. */
const REMEMBERED = 1_000;

export interface AnySettled {
  readonly id: string;
  readonly at: number;
  readonly command: Typed;
  readonly outcome: Outcome;
}

/** The hub's outbox as this tab sees it; `settle`, `receive` and `tell` take a batch's part of it, in this order. */
export function createOutbox(
  link: Link,
  asked: Clock['asked'],
  receipts: Receipts,
  storage: Readable<StorageState>,
  frame: Frame,
  report: Report,
) {
  const entries = cell<readonly AnyOutboxEntry[]>([], report, () => link.start());
  /** As the hub told it last. */
  let newest: readonly AnyOutboxEntry[] = [];
  const show = () => entries.set(newest);
  const shown = (id: string) => entries.get().find((entry) => entry.id === id);
  const listeners = new Set<{ listener: (settled: AnySettled) => void }>();
  /** What this tab was told: a hub that follows another one tells again of what it may have missed. */
  const told = new Set<string>();
  const isNew = ({ id, at, n }: { id: string; at: number; n?: number | undefined }) => {
    const name = `${id} ${at} ${n}`;
    if (told.has(name)) return false;
    told.add(name);
    for (const oldest of told) {
      if (told.size <= REMEMBERED) break;
      told.delete(oldest);
    }
    return true;
  };
  return {
    /** Before anybody sees the entries: whoever retries one at its sight waits for another outcome. */
    settle: ({ settled = [] }: Batch): AnySettled[] =>
      settled.filter(isNew).map(({ id, at, command, outcome }) => ({
        id,
        at,
        command,
        outcome: receipts.settle(id, command.type, outcome),
      })),
    receive(batch: Batch) {
      // A hub that could not read its store could not tell how commands ended.
      if (batch.storage?.state === 'ok') receipts.resume();
      if (!batch.outbox) return;
      // Entries that did not change stay the same objects, so that who watches one hears of that one alone.
      const known = new Map(newest.map((entry) => [fingerprint(entry), entry]));
      newest = batch.outbox.map((entry) => known.get(fingerprint(entry)) ?? entry);
      frame.show('outbox', show);
    },
    tell(settled: readonly AnySettled[]) {
      if (settled.length === 0) return;
      frame.show('outcome', () => {
        for (const how of settled) {
          for (const { listener } of [...listeners]) attempt(() => listener(how), report);
        }
      });
    },
    newest: () => newest,
    outbox: {
      get: entries.get,
      subscribe: entries.subscribe,
      storage,
      pending: (type: string, key: string) =>
        select(entries, (all) =>
          all.find((entry) => entry.dedupeKey === key && entry.command.type === type && isWaiting(entry)),
        ),
      onSettled: (listener: (settled: AnySettled) => void, { signal }: { signal?: AbortSignal } = {}) =>
        until(signal, () => {
          const entry = { listener };
          listeners.add(entry);
          link.start();
          return () => listeners.delete(entry);
        }),
      async settled(id: string) {
        const outcome = await link.call((hub) => hub.settled(id));
        return new Promise<Outcome | null>((tell) => frame.show('outcome', () => tell(outcome)));
      },
      cancel: (id: string) => link.change((hub) => hub.cancel(id), false),
      retry(id: string) {
        const when = asked();
        const entry = shown(id);
        return receipts.wait(
          id,
          entry?.command.type ?? '',
          link.change((hub) => {
            const { askedAt, askedBy } = when();
            return hub.retry(id, askedAt, askedBy, entry?.state);
          }, false),
        );
      },
      dismiss: async (id: string) => {
        const seen = shown(id)?.state;
        await link.change((hub) => hub.dismiss(id, seen));
      },
    },
  };
}

/** All of an entry that changes. */
const fingerprint = (entry: AnyOutboxEntry) =>
  [entry.id, entry.appVersion, entry.state, entry.attempt, 'retryAt' in entry && entry.retryAt].join();
