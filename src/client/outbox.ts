import type { Typed } from '../protocol/interpret.ts';
import type { Outcome, StorageState } from '../protocol/model.ts';
import type { AnyOutboxEntry, Batch } from '../protocol/port.ts';
import type { Link } from './connect.ts';
import { attempt, type Report } from './errors.ts';
import { type Cell, cell, select, until } from './readable.ts';
import type { Receipts } from './receipts.ts';
import type { Readable } from './types.ts';

export interface AnySettled {
  readonly id: string;
  readonly command: Typed;
  readonly outcome: Outcome;
}

/** The hub's outbox as this tab sees it. */
export class OutboxMirror {
  readonly storage: Cell<StorageState>;
  readonly get: () => readonly AnyOutboxEntry[];
  readonly subscribe: Readable<readonly AnyOutboxEntry[]>['subscribe'];
  readonly #entries: Cell<readonly AnyOutboxEntry[]>;
  readonly #settledListeners = new Set<{ listener: (settled: AnySettled) => void }>();
  readonly #link: Link;
  readonly #receipts: Receipts;
  readonly #report: Report;

  constructor(link: Link, receipts: Receipts, report: Report) {
    const start = () => link.start();
    this.#link = link;
    this.#receipts = receipts;
    this.#report = report;
    this.storage = cell<StorageState>({ state: 'ok' }, report, start);
    this.#entries = cell<readonly AnyOutboxEntry[]>([], report, start);
    this.get = this.#entries.get;
    this.subscribe = this.#entries.subscribe;
  }

  pending(type: string, dedupeKey: string): Readable<AnyOutboxEntry | undefined> {
    return select(this.#entries, (entries) =>
      entries.find(
        ({ state, command, dedupeKey: key }) =>
          key === dedupeKey && command.type === type && ['queued', 'sent', 'waiting'].includes(state),
      ),
    );
  }

  onSettled(listener: (settled: AnySettled) => void, { signal }: { signal?: AbortSignal } = {}): () => void {
    return until(signal, () => {
      const entry = { listener };
      this.#settledListeners.add(entry);
      this.#link.start();
      return () => this.#settledListeners.delete(entry);
    });
  }

  settled(id: string): Promise<Outcome | null> {
    return this.#link.call((hub) => hub.settled(id));
  }

  cancel(id: string): Promise<boolean> {
    return this.#link.call((hub) => hub.cancel(id), false);
  }

  retry(id: string) {
    const type = this.get().find((entry) => entry.id === id)?.command.type;
    return this.#receipts.wait(
      id,
      type,
      this.#link.call((hub) => hub.retry(id), false),
    );
  }

  async dismiss(id: string): Promise<void> {
    await this.#link.call((hub) => hub.dismiss(id));
  }

  receive({ storage, outbox }: Batch): void {
    if (storage) this.storage.set(storage);
    if (!outbox) return;
    // Entries that did not change stay the same objects, so that who watches one hears of that one alone.
    const known = new Map(this.get().map((entry) => [fingerprint(entry), entry]));
    this.#entries.set(outbox.map((entry) => known.get(fingerprint(entry)) ?? entry));
  }

  settle({ settled = [] }: Batch): void {
    for (const { id, command, outcome } of settled) {
      const read = this.#receipts.read(command.type, outcome);
      this.#receipts.settle(id, read);
      for (const { listener } of [...this.#settledListeners]) {
        attempt(() => listener({ id, command, outcome: read }), this.#report);
      }
    }
  }
}

/** All of an entry that changes. */
function fingerprint(entry: AnyOutboxEntry): string {
  return [entry.id, entry.state, entry.attempt, 'retryAt' in entry && entry.retryAt].join(' ');
}
