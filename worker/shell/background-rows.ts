/** Whether what an identity's store holds may be delivered while no page of it is open. */
import type { AnyProtocol } from '../../src/protocol/types.ts';
import { restoreEntry } from '../core/outbox/upgrade.ts';
import { type LoadedState, type Store, StoreError } from '../core/store.ts';

export type Rows = Pick<LoadedState, 'meta' | 'entries'>;

/**
 * - `nothing`: nothing is still to be delivered.
 * - `page`: it waits for a page, and `why`.
 * - `unreadable`: this build cannot read all of it, and `why`; another build may.
 * - `deliverable`: it may be delivered now.
 */
export type Prospect =
  | { readonly prospect: 'nothing' }
  | { readonly prospect: 'page' | 'unreadable'; readonly why: string }
  | { readonly prospect: 'deliverable' };

/** @param rows `null`: there is no store */
export function prospectOf(protocol: AnyProtocol, rows: Rows | null, now: number): Prospect {
  const pending = rows?.entries.filter(({ fate }) => fate.state === 'pending') ?? [];
  if (!rows || pending.length === 0) return { prospect: 'nothing' };
  const { principal, endedSessions } = rows.meta;
  if (principal === null) return page('no server has said yet whose it is');
  if (endedSessions && endedSessions.signOuts > 0 && !endedSessions.isSignedInSince)
    return page('its person has signed out');
  // All of it: what follows a command must not go ahead of it.
  const isUnreadable = pending.some((row) => restoreEntry(protocol, row, now).fate.state !== 'pending');
  if (isUnreadable) return { prospect: 'unreadable', why: 'it holds a command that this build cannot read' };
  return { prospect: 'deliverable' };
}

const page = (why: string): Prospect => ({ prospect: 'page', why });

/**
 * The store, which refuses to open with rows that are not to be delivered now: they may have changed since they were looked
 * at. It has raised the term then, and changed nothing else.
 */
export class BackgroundStore implements Store {
  readonly #store: Store;
  readonly #prospectOf: (rows: Rows) => Prospect;

  constructor(store: Store, prospectOf: (rows: Rows) => Prospect) {
    this.#store = store;
    this.#prospectOf = prospectOf;
  }

  async open(): Promise<LoadedState> {
    const state = await this.#store.open();
    const found = this.#prospectOf(state);
    if (found.prospect === 'deliverable') return state;
    this.#store.close();
    // By this the core ends, and writes nothing.
    throw new StoreError('newer_format', 'why' in found ? found.why : 'nothing waits any more');
  }

  commit: Store['commit'] = (transaction) => this.#store.commit(transaction);

  close(): void {
    this.#store.close();
  }
}
