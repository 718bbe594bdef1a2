/**
 * Rows by their time, and those of one time by their key as JavaScript compares texts: SQLite compares their UTF-8, which is
 * another order beyond U+FFFF.
 */
import { type Database, numberIn, type Row } from './database.ts';

export interface TimedTable {
  readonly table: string;
  readonly time: string;
  keyOf(row: Row): string;
}

/** The first `count` of them. */
export function oldestRows(db: Database, timed: TimedTable, count: number): Row[] {
  if (count <= 0) return [];
  const { table, time } = timed;
  const last = db.one(`SELECT ${time} AS at FROM ${table} ORDER BY ${time} LIMIT 1 OFFSET ?`, count - 1);
  const rows = db.all(
    `SELECT * FROM ${table} WHERE ${time} <= ? ORDER BY ${time}`,
    last ? numberIn(last, 'at') : Number.MAX_SAFE_INTEGER,
  );
  return [...inOrder(rows, timed)].slice(0, count);
}

export function allInOrder(db: Database, timed: TimedTable): Iterable<Row> {
  return inOrder(db.each(`SELECT * FROM ${timed.table} ORDER BY ${timed.time}`), timed);
}

/** Of rows by their time. */
function* inOrder(rows: Iterable<Row>, { time, keyOf }: TimedTable): Generator<Row> {
  let alike: Row[] = [];
  for (const row of rows) {
    if (alike[0]?.[time] !== row[time]) {
      yield* byKey(alike, keyOf);
      alike = [];
    }
    alike.push(row);
  }
  yield* byKey(alike, keyOf);
}

function byKey(rows: readonly Row[], keyOf: (row: Row) => string): Row[] {
  const keyed = rows.map((row) => ({ row, key: keyOf(row) }));
  return keyed.sort((a, b) => (a.key < b.key ? -1 : Number(a.key > b.key))).map(({ row }) => row);
}
