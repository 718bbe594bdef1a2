/** How the last known state lies in IndexedDB: in a database of its own, with a format of its own. */
import { type DBSchema, type IDBPDatabase, type IDBPObjectStore, openDB } from 'idb';
import * as v from 'valibot';
import { count, int, nonnegative, number } from '../../../src/protocol/frames/common.ts';
import { stateName } from '../../../src/protocol/names.ts';
import {
  isLater,
  isSameOwner,
  type SavedHead,
  type SavedRow,
  type SavedRows,
  type SavedTopics,
  type Slot,
  type StateOp,
  type StateOwner,
  type StateStore,
} from '../../core/state-store.ts';
import { StoreError } from '../../core/store.ts';
import { storeError, withDeadline } from './failure.ts';
import { isRow } from './state-row.ts';
import { rowsIn, segmentsOf } from './state-segments.ts';
import { abort } from './transaction.ts';

/** Far beyond what a slow disk takes. */
const TIMEOUT_MS = 10_000;
const FORMAT = 1;

/** `writer`: who opened it last, and alone may write. */
type Meta = StateOwner & { readonly writer: string };

/** A row that was in a segment, and is not there any more. */
interface Gone {
  readonly topic: string;
  readonly slot: Slot;
  readonly gone: true;
}
type Segment = [topic: string, number: [number]];

/**
 * One table: under 0 who writes, under each topic its head, and its rows: in segments, as JSON, those that were written with all of
 * the topic; under topic and slot what has changed since. What is read is judged first.
 */
interface Tables extends DBSchema {
  state: {
    key: 0 | string | [topic: string, slot: Slot] | Segment;
    value: Meta | SavedHead | SavedRow | Gone | string;
  };
}
type Database = IDBPDatabase<Tables>;
type Table = IDBPObjectStore<Tables, ['state'], 'state', 'readwrite'>;

const meta = v.object({
  principal: v.nullable(v.string()),
  signOuts: int,
  databaseId: v.nullable(v.string()),
  ownership: v.optional(v.object({ clientId: v.string(), term: int })),
  writer: v.string(),
});
const isMeta = (found: unknown): found is Meta => v.is(meta, found);
const gone = v.object({ slot: v.union([v.string(), number]), gone: v.literal(true) });
const isGone = (found: unknown): found is Gone => v.is(gone, found);
const head = v.object({
  topic: v.string(),
  epoch: v.string(),
  offset: count,
  lastSeen: number,
  savedAt: number,
  size: nonnegative,
  clockAheadMs: v.optional(number),
  isAll: v.optional(v.boolean()),
});
const isHead = (found: unknown, topic: unknown): found is SavedHead =>
  v.is(head, found) && found.topic === topic;

export class IdbStateStore implements StateStore {
  readonly #name: string;
  readonly #timeoutMs: number;
  #db: Promise<Database> | null = null;
  /** Empty: it was not opened yet. */
  #writer = '';

  /** @param timeoutMs for whatever is asked of it; a sleep of the machine does not count. @default 10_000 */
  constructor({
    app,
    identity,
    timeoutMs = TIMEOUT_MS,
  }: { app: string; identity: string; timeoutMs?: number }) {
    this.#name = stateName(app, identity);
    this.#timeoutMs = timeoutMs;
    // That takes a while, in which the outbox's store is asked whose the rows are to be.
    this.#connect();
  }

  async open(owner: StateOwner): Promise<SavedTopics> {
    if (this.#writer !== '') this.close();
    if (!this.#db) this.#connect();
    this.#writer = crypto.randomUUID();
    const meta = { ...owner, writer: this.#writer };
    return await this.#transact('open', (table) => takeOver(table, meta));
  }

  #connect(): void {
    this.#db = openDB<Tables>(this.#name, FORMAT, {
      upgrade: (db) => void db.createObjectStore('state'),
      // Whoever upgrades or deletes the database waits for this; who writes next hears of it.
      blocking: (_from, _to, event) => (event.target as IDBDatabase).close(),
    });
    // Whoever asks for something hears of it.
    this.#db.catch(() => {});
  }

  load(topic: string): Promise<SavedRows> {
    const writer = this.#writer;
    return this.#transact('read', (table) => whileOwn(table, writer, () => read(table, topic)));
  }

  commit(op: StateOp): Promise<void> {
    const writer = this.#writer;
    return this.#transact('write', async (table) => {
      await whileOwn(table, writer, () => Promise.all(perform(table, op)));
    });
  }

  /** What was asked for before is still done. */
  close(): void {
    this.#db?.then(
      (db) => db.close(),
      () => {},
    );
    this.#db = null;
  }

  async #transact<T>(doing: string, work: (table: Table) => Promise<T>): Promise<T> {
    const late = () => new StoreError('failed', `${this.#name} did not answer within ${this.#timeoutMs} ms`);
    try {
      if (!this.#db || this.#writer === '') throw new StoreError('failed', `${this.#name} is not open`);
      const done = this.#db.then((db) => transact(db, work));
      return await withDeadline(done, this.#timeoutMs, late);
    } catch (error) {
      throw storeError(error, `${doing} ${this.#name}`);
    }
  }
}

/** All of it or nothing: where the work fails in any way, the whole is taken back. */
async function transact<T>(db: Database, work: (table: Table) => Promise<T>): Promise<T> {
  const tx = db.transaction('state', 'readwrite', { durability: 'relaxed' });
  // It tells more of why than its own rejection does.
  const done = tx.done.catch((error: unknown) => {
    throw tx.error ?? error;
  });
  done.catch(() => {});
  try {
    const value = await work(tx.store);
    await done;
    return value;
  } catch (error) {
    abort(tx);
    throw error;
  }
}

async function takeOver(table: Table, meta: Meta): Promise<SavedTopics> {
  const known: unknown = await table.get(0);
  const former = isMeta(known) ? known : null;
  if (isLater(former?.ownership, meta.ownership)) throw fenced();
  if (!former || !isSameOwner(former, meta)) await table.clear();
  await table.put(meta, 0);
  const [topics, found] = await Promise.all([table.getAllKeys(HEADS()), table.getAll(HEADS())]);
  const heads = found.filter((head, i) => isHead(head, topics[i]));
  const broken = topics.filter((topic, i) => !isHead(found[i], topic));
  await Promise.all(broken.flatMap((topic) => forget(table, topic)));
  return { heads, unreadable: broken.length };
}

async function read(table: Table, topic: string): Promise<SavedRows> {
  const [stored, found] = await Promise.all([table.get(topic), table.getAll(rowsOf(topic))]);
  const head = isHead(stored, topic) ? stored : null;
  const rows = new Map<Slot, SavedRow>();
  let unreadable = stored === undefined || head ? 0 : 1;
  for (const segment of found.filter((value) => typeof value === 'string'))
    for (const one of rowsIn(segment))
      if (isRow(one)) rows.set(one.slot, one);
      else unreadable++;
  for (const one of found.filter((value) => typeof value !== 'string'))
    if (isRow(one)) rows.set(one.slot, one);
    else if (isGone(one)) rows.delete(one.slot);
    else unreadable++;
  return { head, rows: [...rows.values()], unreadable };
}

/** All requests are made at once; the check of the writer comes first among them, and takes the others back. */
async function whileOwn<T>(table: Table, writer: string, work: () => Promise<T>): Promise<T> {
  const checked = table.get(0).then((meta) => {
    if (Object(meta).writer !== writer) throw fenced();
  });
  const [, done] = await Promise.all([checked, work()]);
  return done;
}

function fenced(): StoreError {
  return new StoreError('fenced', 'another hub keeps the state by now');
}

function perform(table: Table, op: StateOp): Promise<unknown>[] {
  if (op.op === 'clear') return [table.delete(ALL())];
  if (op.op === 'forget') return forget(table, op.topic);
  const { head, isWhole, gone, put } = op;
  const { topic } = head;
  if (isWhole)
    return [
      table.delete(rowsOf(topic)),
      table.put(head, topic),
      ...segmentsOf(put).map((segment, i) => table.put(segment, [topic, [i]])),
    ];
  return [
    table.put(head, topic),
    ...gone.map((slot) => table.put({ topic, slot, gone: true }, [topic, slot])),
    ...put.map((saved) => table.put(saved, [topic, saved.slot])),
  ];
}

function forget(table: Table, topic: IDBValidKey): Promise<unknown>[] {
  return [table.delete(IDBKeyRange.only(topic)), table.delete(rowsOf(topic))];
}

/** Arrays are greater than strings, and than all that is a slot, an array in an array than one of a number; strings are greater than numbers. */
const ALL = (): IDBKeyRange => IDBKeyRange.lowerBound('');
const HEADS = (): IDBKeyRange => IDBKeyRange.bound('', [], false, true);
const rowsOf = (topic: IDBValidKey) => IDBKeyRange.bound([topic], [topic, [[]]]);
