/** The publications of an SQLite projection that have names. */
import * as v from 'valibot';
import { type EventPlace, PUBLICATION_KEEP_MS } from '../log/event-log.ts';
import type { HeldPublication } from '../log/publications.ts';
import { type Database, numberIn, type Row, textIn, wrongValue } from './database.ts';

export class SqlitePublications {
  readonly #db: Database;
  /** Counted where it is asked for; `null`: to be counted. */
  #count: number | null = null;

  constructor(db: Database) {
    this.#db = db;
  }

  /** What is held may not be what the file has any more. */
  refresh(): void {
    this.#count = null;
  }

  get count(): number {
    this.#count ??= numberIn(this.#db.one('SELECT count(*) AS count FROM publications'), 'count');
    return this.#count;
  }

  find(key: string): HeldPublication | null {
    const row = this.#db.one('SELECT * FROM publications WHERE key = ?', key);
    return row ? publicationOf(row) : null;
  }

  record(key: string, publication: HeldPublication): void {
    if (this.#count !== null && this.find(key) === null) this.#count += 1;
    writePublication(this.#db, key, publication);
  }

  prune(now: number): void {
    const forgotten = this.#db.run('DELETE FROM publications WHERE at < ?', now - PUBLICATION_KEEP_MS);
    if (this.#count !== null) this.#count -= forgotten;
  }
}

export const PUBLICATIONS = {
  table: 'publications',
  time: 'at',
  keyOf: (row: Row) => textIn(row, 'key'),
} as const;

export function writePublication(db: Database, key: string, { digest, at, places }: HeldPublication): void {
  const text = JSON.stringify(places.map(({ topic, epoch, offset }) => [topic, epoch, offset]));
  db.run('INSERT OR REPLACE INTO publications VALUES (?, ?, ?, ?)', key, digest, at, text);
}

export function publicationOf(row: Row): HeldPublication {
  return { digest: textIn(row, 'digest'), at: numberIn(row, 'at'), places: placesIn(textIn(row, 'places')) };
}

const PLACES = v.array(v.tuple([v.string(), v.string(), v.number()]));

function placesIn(text: string): EventPlace[] {
  const read = v.safeParse(PLACES, JSON.parse(text));
  if (!read.success) throw wrongValue('places', text);
  return read.output.map(([topic, epoch, offset]) => ({ topic, epoch, offset }));
}
