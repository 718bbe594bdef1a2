/** How an SQLite projection becomes the lines of a dump, and is read from them. */
import { DUMP_FORMAT, type DumpHead, type DumpLine, readDump } from '../log/dump.ts';
import type { JsonText } from '../log/event-log.ts';
import { textOf } from '../log/memory-content.ts';
import { type About, writeAbout } from './about.ts';
import { type Database, numberIn, textIn } from './database.ts';
import { allInOrder } from './oldest-rows.ts';
import { COMMANDS, keyOf, recordOf, writeCommand } from './sqlite-commands.ts';
import { OWNERS, ownerOf, writeOwner } from './sqlite-owners.ts';
import { PUBLICATIONS, publicationOf, writePublication } from './sqlite-publications.ts';
import { eventOf, topicOf } from './sqlite-topics.ts';

export function headOf({
  position,
  note,
  newestTime,
  startedAt,
  dedupeSince,
  epoch,
  limits,
}: About): DumpHead {
  const { tailLimit, historyEvents, commandIds, clientIds, topicAges } = limits;
  return {
    line: 'head',
    format: DUMP_FORMAT,
    position,
    note,
    newestTime,
    startedAt,
    dedupeSince,
    epoch,
    limits: { tailLimit, historyEvents, commandIds, clientIds, ...(topicAges && { topicAges }) },
  };
}

export function* linesOf(db: Database): Generator<DumpLine> {
  for (const row of db.each('SELECT * FROM runs ORDER BY number'))
    yield { line: 'run', id: textIn(row, 'id'), began: numberIn(row, 'began'), told: numberIn(row, 'told') };
  for (const row of db.each('SELECT * FROM topics ORDER BY id')) {
    const { id, name, epoch, newest, newestTs, forgotten, forgottenTs } = topicOf(row);
    yield {
      line: 'topic',
      name,
      epoch,
      offset: newest,
      ts: newestTs,
      forgotten: { offset: forgotten, ts: forgottenTs },
    };
    yield* eventLines(db, id);
  }
  for (const row of allInOrder(db, COMMANDS))
    yield { line: 'command', ...keyOf(row), at: numberIn(row, 'at'), record: recordOf(row) };
  for (const row of allInOrder(db, PUBLICATIONS)) {
    const { digest, at, places } = publicationOf(row);
    yield { line: 'publication', key: textIn(row, 'key'), digest, at, places: [...places] };
  }
  for (const row of allInOrder(db, OWNERS)) {
    const { principal, usedAt, term, run, position } = ownerOf(row);
    yield { line: 'owner', principal, clientId: textIn(row, 'id'), usedAt, term, run, position };
  }
  yield* deliveryLines(db);
}

function* eventLines(db: Database, topic: number): Generator<DumpLine> {
  const rows = db.each(
    `SELECT e.*, s."offset" IS NOT NULL AS current FROM events e
     LEFT JOIN state s ON s.topic = e.topic AND s.key = e.key AND s."offset" = e."offset"
     WHERE e.topic = ? ORDER BY e."offset"`,
    topic,
  );
  for (const row of rows) yield { line: 'event', ...eventOf(row), current: row['current'] === 1 };
}

function* deliveryLines(db: Database): Generator<DumpLine> {
  const whose = db
    .all(
      `SELECT DISTINCT d.principal, d.client, d.topic, t.name FROM deliveries d JOIN topics t ON t.id = d.topic`,
    )
    .map((row) => {
      const [principal, clientId] = [textIn(row, 'principal'), textIn(row, 'client')];
      const [topicId, topic] = [numberIn(row, 'topic'), textIn(row, 'name')];
      return { principal, clientId, topicId, topic, key: textOf(principal, clientId, topic) };
    })
    .sort((a, b) => (a.key < b.key ? -1 : Number(a.key > b.key)));
  for (const { principal, clientId, topicId, topic } of whose) {
    const [owed, acknowledged] = [0, 1].map((state) =>
      db
        .all(
          `SELECT "offset" FROM deliveries
           WHERE principal = ? AND client = ? AND topic = ? AND acknowledged = ? ORDER BY "offset"`,
          principal,
          clientId,
          topicId,
          state,
        )
        .map((row) => numberIn(row, 'offset')),
    );
    const recorded = db.one(
      'SELECT up_to FROM recorded WHERE principal = ? AND client = ? AND topic = ?',
      principal,
      clientId,
      topicId,
    );
    yield {
      line: 'deliveries',
      principal,
      clientId,
      topic,
      owed: owed ?? [],
      acknowledged: acknowledged ?? [],
      upTo: recorded ? numberIn(recorded, 'up_to') : undefined,
    };
  }
}

const TABLES = [
  'runs',
  'topics',
  'events',
  'state',
  'commands',
  'publications',
  'clients',
  'deliveries',
  'recorded',
] as const;

/** Takes the lines of a dump, in place of what there is. */
export class Restoring {
  readonly #db: Database;
  #topics = 0;
  /** By name. */
  readonly #ids = new Map<string, number>();

  constructor(db: Database) {
    this.#db = db;
  }

  /** In one transaction, whose steps these are. */
  *all(dump: Iterable<JsonText>): Generator<void> {
    for (const table of TABLES) {
      this.#db.run(`DELETE FROM ${table}`);
      yield;
    }
    yield* readDump(dump, {
      head: (head) => writeAbout(this.#db, head),
      line: (line) => this.#line(line),
    });
  }

  /** After those before it. */
  #line(line: DumpLine): void {
    switch (line.line) {
      case 'run':
        this.#db.run('INSERT INTO runs (id, began, told) VALUES (?, ?, ?)', line.id, line.began, line.told);
        break;
      case 'topic':
        this.#topics += 1;
        this.#ids.set(line.name, this.#topics);
        this.#db.run(
          'INSERT INTO topics VALUES (?, ?, ?, ?, ?, ?, ?)',
          this.#topics,
          line.name,
          line.epoch,
          line.offset,
          line.ts,
          line.forgotten.offset,
          line.forgotten.ts,
        );
        break;
      case 'event':
        this.#event(line);
        break;
      case 'command':
        writeCommand(this.#db, line, line.record, line.at);
        break;
      case 'publication':
        writePublication(this.#db, line.key, line);
        break;
      case 'owner':
        writeOwner(this.#db, line.clientId, line);
        break;
      case 'deliveries':
        this.#deliveries(line);
        break;
    }
  }

  #event({ offset, ts, key, gone, critical, event, current }: DumpLine & { line: 'event' }): void {
    if (this.#topics === 0) throw new Error('the dump has an event before any topic');
    const [isGone, isCritical] = [Number(gone), Number(critical)];
    this.#db.run(
      'INSERT INTO events VALUES (?, ?, ?, ?, ?, ?, ?)',
      this.#topics,
      offset,
      ts,
      key,
      isGone,
      isCritical,
      event,
    );
    if (current) this.#db.run('INSERT INTO state VALUES (?, ?, ?)', this.#topics, key, offset);
  }

  #deliveries({
    principal,
    clientId,
    topic,
    owed,
    acknowledged,
    upTo,
  }: DumpLine & { line: 'deliveries' }): void {
    const id = this.#ids.get(topic);
    if (id === undefined)
      throw new Error(`the dump has deliveries of ${JSON.stringify(topic)}, and no such topic`);
    const deliver = (offset: number, state: 0 | 1) =>
      this.#db.run('INSERT INTO deliveries VALUES (?, ?, ?, ?, ?)', principal, clientId, id, offset, state);
    for (const offset of owed) deliver(offset, 0);
    for (const offset of acknowledged) deliver(offset, 1);
    if (upTo !== undefined)
      this.#db.run('INSERT INTO recorded VALUES (?, ?, ?, ?)', principal, clientId, id, upTo);
  }
}
