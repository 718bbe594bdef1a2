/**
 * Records a log: three servers on one engine do all that servers do, with appends that are lost, late or repeated, so that there is an entry
 * of every kind, and each outcome that an entry may have. `npx node test/support/recorded-logs/record.ts` writes the file of today's format, and refuses
 * where there is one: what a release has written is never recorded anew.
 */
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import {
  type ClientKey,
  type CommandKey,
  type EventLog,
  KEEP_MS,
  type NewEvent,
  PUBLICATION_KEEP_MS,
} from '../../../src/server/log/event-log.ts';
import { MemoryProjection } from '../../../src/server/log/memory-projection.ts';
import { ENDED_KEEP_MS, OWNER_KEEP_MS, TERM_KEEP_MS } from '../../../src/server/log/projection.ts';
import { RECORD_FORMAT } from '../../../src/server/replicated/record.ts';
import { replicatedLog } from '../../../src/server/replicated/replicated-log.ts';
import { Random } from '../../simulation/random.ts';
import { MemoryEngine, MemoryLogService } from '../memory-engine.ts';
import { FOLDER, type RecordedLine, replay, SUFFIX } from './recorded-log.ts';

const ROUNDS = 240;
const DUMP_AT_ROUNDS = [60, 130, 240];
/** Rounds after which everything is looked at once more just before it is forgotten, and just after that. */
const AGED_AT_ROUNDS = [50, 150];
const KEPT_FOR_MS = [PUBLICATION_KEEP_MS, TERM_KEEP_MS, KEEP_MS, OWNER_KEEP_MS, ENDED_KEEP_MS];
const SECOND_MS = 1_000;
const HOUR_MS = 60 * 60 * SECOND_MS;
const DAY_MS = 24 * HOUR_MS;
/** The clock is set back now and then as well. */
const STEPS_MS = [0, 0, 1, SECOND_MS, HOUR_MS, -HOUR_MS] as const;

const CLIENTS: readonly [ClientKey, ...ClientKey[]] = [
  { principal: 'ann', clientId: 'of ann' },
  { principal: 'ann', clientId: 'of ann, too' },
  { principal: 'bob', clientId: 'of bob' },
];
const TOPICS = ['orders', 'orders:ä', 'run:1', 'run:2'] as const;
const KEYS = ['k', 'l', '\u{1f600}', '\uffee'] as const;

const random = new Random(1);
let now = Date.UTC(2026, 0, 1);
let names = 0;
const service = new MemoryLogService(() => now);

interface Server {
  readonly log: EventLog;
  readonly engine: MemoryEngine;
  readonly projection: MemoryProjection;
  readonly run: string;
}

/** Its limits are so small that much is forgotten, and are others at each start. */
async function start(projection = new MemoryProjection()): Promise<Server> {
  const engine = new MemoryEngine(service);
  const log = replicatedLog({
    engine,
    projection,
    historyEvents: 3 + random.int(20),
    commandIds: 10 + random.int(20),
    recordsPerDump: Number.POSITIVE_INFINITY,
    endTopicsAfterMs: random.pick([{}, { 'run:': 3 * DAY_MS, 'run:2': 5 * DAY_MS }]),
    newName: () => `name ${++names}`,
  });
  const { run } = await log.open({ now, tailLimit: 1 + random.int(4) });
  return { log, engine, projection, run };
}

const chance = (part: number) => random.next() < part;
const some = <T>(most: number, one: () => T): T[] => Array.from({ length: random.int(most + 1) }, one);
const commandOf = (principal: string): CommandKey => ({ principal, id: `command ${random.int(30)}` });

function event(): NewEvent {
  const key = chance(0.6) ? random.pick(KEYS) : null;
  return {
    topic: random.pick(TOPICS),
    key,
    gone: key !== null && chance(0.2),
    critical: chance(0.3),
    event: JSON.stringify({ type: 'changed', n: random.int(1_000), text: 'ä\u0000\u2028' }),
    owedBy: some(2, () => random.pick(CLIENTS)),
  };
}

/** Where each client's connection was when it came to a server that has not admitted it yet. */
let seen = 0;

/** What a server does, one of these at a time. Those that are here twice are done more often. */
const ACTS: readonly [Act, ...Act[]] = [
  publish,
  publish,
  accept,
  accept,
  accept,
  admit,
  admit,
  cancel,
  owe,
  acknowledge,
  name,
  expect,
  tell,
  end,
  end,
  prune,
];
type Act = (server: Server) => Promise<unknown>;

async function publish({ log }: Server) {
  await log.commit(
    some(2, () => ({ command: null, events: some(3, event) })),
    now,
  );
}

/** Its handler runs before, most of the time; now and then its client takes it back too late. */
async function accept({ log, run }: Server) {
  const { principal, clientId } = random.pick(CLIENTS);
  const command = commandOf(principal);
  if (chance(0.7)) await log.begin([command], now);
  const result = random.pick([null, '1', '"\\u0000"']);
  await log.commit([{ command: { ...command, clientId, run, result }, events: some(2, event) }], now);
  if (chance(0.1)) await log.cancel(command, now);
}

async function admit({ log, run }: Server) {
  const client = { ...random.pick(CLIENTS), ...(chance(0.1) && { principal: 'eve' }) };
  if (chance(0.5)) seen = await log.position();
  await log.admit([{ client, term: 1 + random.int(2), run, seen }], now);
}

async function cancel({ log }: Server) {
  const command = commandOf(random.pick(CLIENTS).principal);
  if (chance(0.3)) await log.begin([command], now);
  await log.cancel(command, now);
  if (chance(0.3)) await log.begin([command], now);
}

async function owe({ log }: Server) {
  const [client, topic] = [random.pick(CLIENTS), random.pick(TOPICS)];
  const { epoch, offset } = await log.state(topic);
  const debts = await log.unrecorded(client, topic, [offset], { after: Math.max(0, offset - 5) });
  const offsets = debts.map((debt) => debt.offset);
  await log.owe(client, topic, chance(0.9) ? epoch : 'of before', offsets, offset, now);
}

async function acknowledge({ log }: Server) {
  const [client, topic] = [random.pick(CLIENTS), random.pick(TOPICS)];
  const { epoch } = await log.state(topic);
  const owed = await log.owed(client, topic);
  const offsets = owed.filter(() => chance(0.5)).map(({ offset }) => offset);
  await log.acknowledge(client, topic, chance(0.9) ? epoch : 'of before', offsets);
}

/** Under one of few names, the same as before or something else. */
async function name({ log }: Server) {
  const publication = { key: random.pick(KEYS), digest: `digest ${random.int(2)}` };
  await log.commit([{ command: null, events: some(2, event), publication }], now);
}

async function expect({ log }: Server) {
  const [topic, key] = [random.pick(TOPICS), random.pick(KEYS)];
  const { epoch } = await log.state(topic);
  const offset = chance(0.5) ? ((await log.latest(topic, key))?.offset ?? 0) : random.int(8);
  const expects = [{ topic, key, offset, ...(chance(0.5) && { epoch }) }];
  await log.commit([{ command: null, events: some(2, event), expects }], now);
}

async function tell({ log, run }: Server) {
  await log.tell(run, now + random.int(3 * SECOND_MS));
}

async function end({ log, run }: Server) {
  const { principal } = random.pick(CLIENTS);
  const one = random.int(3);
  if (one === 0) await log.endTopic(random.pick([...TOPICS, 'never used']), now);
  else if (one === 1) await log.disconnect(principal, run);
  else await log.recheck(principal, run);
}

async function prune({ log }: Server) {
  await log.prune(now);
}

/** All that is done to what this server knows when it is nearly as old as that, as old, and older. */
async function age(server: Server, ms: number): Promise<void> {
  const all = async () => {
    for (const act of [owe, name, name, admit, admit, accept, cancel]) await act(server);
  };
  await all();
  for (const step of [ms - SECOND_MS, SECOND_MS - 1, 1, 1]) {
    now += step;
    await prune(server);
    await owe(server);
    await admit(server);
    await name(server);
  }
  await all();
}

async function level(servers: readonly Server[]): Promise<void> {
  while (servers.some(({ projection }) => projection.position < service.newest))
    await new Promise(setImmediate);
}

const path = join(FOLDER, `${RECORD_FORMAT}${SUFFIX}`);
if (existsSync(path)) throw new Error(`${path} is there already`);
const servers: [Server, ...Server[]] = [await start(), await start(), await start()];
const dumps = new Map<number, readonly string[]>();
for (let round = 1; round <= ROUNDS; round++) {
  now += random.pick(STEPS_MS);
  if (chance(0.1))
    random
      .pick(servers)
      .engine.failNext(random.pick(['repeated', 'lost, written', 'lost, not written', 'late']));
  const acting = servers.filter(() => chance(0.5));
  await Promise.all(acting.map((server) => random.pick(ACTS)(server)));
  service.arrive();
  if (round % 100 === 0) await servers[0].log.renew(now);
  if (round % 20 === 0) {
    const index = random.int(servers.length);
    const before = servers[index];
    await before?.log.close();
    servers[index] = await start(chance(0.5) ? before?.projection : undefined);
  }
  if (AGED_AT_ROUNDS.includes(round)) for (const ms of KEPT_FOR_MS) await age(servers[0], ms);
  if (DUMP_AT_ROUNDS.includes(round)) {
    await level(servers);
    const { position } = servers[0].projection;
    dumps.set(position, [...servers[0].projection.dump()]);
  }
}
await level(servers);
for (const { log } of servers) await log.close();

const { records } = service.read(1, Number.POSITIVE_INFINITY);
const lines: RecordedLine[] = [];
for (const { position, digest } of await replay(records, new MemoryProjection())) {
  const { time, text } = records[position - 1] ?? { time: 0, text: '' };
  lines.push({ time, text, digest });
  const dump = dumps.get(position);
  if (dump) lines.push({ dump: [...dump] });
}
writeFileSync(path, gzipSync(lines.map((line) => `${JSON.stringify(line)}\n`).join(''), { level: 9 }));
console.log(`${path}: ${records.length} records`);
