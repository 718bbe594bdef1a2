/** When a transaction of IndexedDB has failed, and when nobody knows whether it has. */
import type { IDBPDatabase, IDBPTransaction, StoreNames } from 'idb';
import { afterAwake } from './awake.ts';
import { TABLES, type Tables } from './schema.ts';

export type Database = IDBPDatabase<Tables>;
export type Writing = IDBPTransaction<Tables, StoreNames<Tables>[], 'readwrite'>;

/** So long a transaction that was told to abort may take to say whether it did. */
const ABORT_MS = 1_000;

/** What became of a transaction. Its own events alone tell: `abort()` may come too late for one that is being committed. */
export type End<T> =
  | { state: 'complete'; value: T }
  /** Nothing of it was written. */
  | { state: 'undone'; why: unknown }
  /** The connection is of no use any more; on another one it can be tried again. */
  | { state: 'broken'; why: unknown; mayBeWritten: boolean }
  /** It has not ended in time, and may be written yet. */
  | { state: 'hanging' };

/**
 * One transaction over all tables, so that transactions run one after the other. Settles always, and never rejects.
 *
 * @param work asks for all that is to be done; where it fails in any way, the whole transaction is taken back.
 */
export async function transact<T>(
  db: Database,
  { durability, timeoutMs }: { durability: 'strict' | 'relaxed'; timeoutMs: number },
  work: (tx: Writing) => Promise<T>,
): Promise<End<T>> {
  let tx: Writing;
  try {
    tx = db.transaction([...TABLES], 'readwrite', { durability });
  } catch (why) {
    // The connection was closed (InvalidStateError), perhaps by the browser, and without a word.
    return { state: 'broken', why, mayBeWritten: false };
  }
  const ended = endOf(tx);
  const worked = work(tx).then(
    (value) => ({ ok: true as const, value }),
    (why: unknown) => {
      abort(tx);
      return { ok: false as const, why };
    },
  );
  let end = await within(ended, timeoutMs);
  const isLate = end === 'late';
  if (isLate) {
    abort(tx);
    end = await within(ended, ABORT_MS);
  }
  if (end === 'late') return { state: 'hanging' };
  // Once the transaction is over, its requests are.
  const result = await worked;
  if (end === 'complete') {
    if (result.ok) return { state: 'complete', value: result.value };
    return { state: 'broken', why: result.why, mayBeWritten: true };
  }
  if (isLate) return { state: 'undone', why: new Error(`it did not end within ${timeoutMs} ms`) };
  // With a request that failed, the browser had not begun to commit.
  if (!result.ok) return { state: 'undone', why: result.why };
  const why = tx.error ?? new Error('the browser aborted it');
  if (tx.error?.name === 'QuotaExceededError') return { state: 'undone', why };
  // Aborted by the browser while it was committed: what a disk that fails has kept, or a connection that was lost, nobody knows.
  return { state: 'broken', why, mayBeWritten: true };
}

function endOf(tx: Writing): Promise<'complete' | 'aborted'> {
  // Tells less, and would be a rejection that nobody handles.
  tx.done.catch(() => {});
  return new Promise((resolve) => {
    tx.addEventListener('complete', () => resolve('complete'));
    tx.addEventListener('abort', () => resolve('aborted'));
  });
}

function within<T>(work: Promise<T>, ms: number): Promise<T | 'late'> {
  return new Promise((resolve) => {
    const stop = afterAwake(ms, () => resolve('late'));
    work.then((value) => {
      stop();
      resolve(value);
    });
  });
}

export function abort(tx: Pick<IDBTransaction, 'abort'>): void {
  try {
    tx.abort();
  } catch {
    // It is over already, or is being committed.
  }
}
