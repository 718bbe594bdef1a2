/**
 * `npm run cluster`: a cluster under load, with three servers on one log, a balancer, clients that decide, and everything that
 * can fail failing.
 */
import { createHash } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import { command, commandLine, WrongArguments } from '../../../scripts/command-line.ts';
import type { EventLog } from '../../../src/server/log/event-log.ts';
import { replicatedLog } from '../../../src/server/replicated/replicated-log.ts';
import { startProxy } from '../../../testing/network/proxy.ts';
import { Random } from '../../simulation/random.ts';
import { Agreement } from './agreement.ts';
import { ClusterClient, Time } from './clients.ts';
import { lost, untaken, Witness } from './judge.ts';
import { engineBy, natsNodes, postgresNodes } from './nodes.ts';
import { TOPICS } from './protocol.ts';
import { ClusterServer } from './server.ts';

const SERVERS = 3;
const CLIENTS = 200;
const STOPPED_MS = 20_000;
/**
 * For each decision; in a long run more of them share a record. Whoever stands still meanwhile would miss two dumps if it were much
 * less, and be behind for too long.
 */
const RECORDS_PER_DUMP = { short: 0.8, long: 0.4 };
/** For all that was sent to arrive once nothing fails any more. */
const SETTLE_MS = 90_000;
const PROGRESS_MS = 5_000;
const RETRY_MS = 1_000;
const SHOWN = 20;
/** How often the stream's leader stands still, each time with nothing else. */
const PAUSES = 6;
/** Within this, who differs has to say so. */
const NOTICED_MS = 10_000;
/** For what happened then to be told. */
const TELLS_MS = 2_000;

const CLUSTER = command({
  name: 'npm run cluster',
  about: 'Three servers on one log, 200 clients, 10,000 decisions, and 40 faults.',
  options: {
    engine: { type: 'text', takes: 'NAME', default: 'postgres', about: 'postgres or nats' },
    short: { type: 'flag', about: '1,000 decisions and 10 faults' },
    seed: { type: 'number', takes: 'N', default: 1, about: 'draws other faults' },
    'pause-leader': {
      type: 'flag',
      about: `with --engine nats, does what that engine's promise does not cover: the nodes may come
to differ, and then every server that does has to say so`,
    },
  },
});
const { engine, isShort, pauseLeader, seed } = commandLine(CLUSTER, ({ values }) => {
  const { engine, seed, short: isShort, 'pause-leader': pauseLeader } = values;
  if (engine !== 'postgres' && engine !== 'nats')
    throw new WrongArguments(`--engine ${engine}: there are postgres and nats`);
  if (pauseLeader && engine !== 'nats') throw new WrongArguments('--pause-leader belongs to --engine nats');
  return { engine, isShort, pauseLeader, seed };
});
// Some may be lost with a page that is killed before anybody has them.
const decisions = isShort ? 1_020 : 10_200;
const recordsPerDump = Math.floor(RECORDS_PER_DUMP[isShort ? 'short' : 'long'] * decisions);
const faultCount = pauseLeader ? PAUSES : isShort ? 10 : 40;
const random = new Random(seed);
const started = performance.now();
const seconds = () => Math.round((performance.now() - started) / 1_000);
const say = (text: string) => console.log(`${String(seconds()).padStart(4)} s  ${text}`);

const some = async (mostMs: number) => await wait(mostMs / 4 + random.int((3 * mostMs) / 4));
const nodes = await (engine === 'nats' ? natsNodes(some, pauseLeader) : postgresNodes(some));
say(`the nodes of ${engine}`);
/** A way of its own to each node, for each who needs one. */
const waysToNodes = async () => await Promise.all(nodes.ports.map((target) => startProxy({ target })));
const links = await Promise.all(Array.from({ length: SERVERS }, waysToNodes));
const troubles: string[] = [];
const agreement = new Agreement();
const servers = links.map(
  (ways, number) =>
    new ClusterServer(
      { engine: nodes.request(ways.map(({ port }) => port)), recordsPerDump },
      (text) => troubles.push(text),
      () => agreement.begin(`server ${number + 1}`),
    ),
);
await Promise.all(servers.map((server) => server.start()));
let turn = 0;
const balancer = await startProxy({
  target: () => {
    const up = servers.flatMap(({ port }) => port ?? []);
    return up[++turn % Math.max(1, up.length)] ?? null;
  },
});
say(`${SERVERS} servers behind a balancer`);

const watched = await waysToNodes();
const { witness, log: observer } = await observe();

const time = new Time();
const clients = Array.from(
  { length: CLIENTS },
  (_, number) => new ClusterClient(number, time.clock, `ws://127.0.0.1:${balancer.port}/ws`),
);
for (const client of clients) client.open();
await until(() => clients.every((client) => client.isCurrent()), 'all clients are connected');
say(`${CLIENTS} clients are connected`);

let isDeciding = true;
const waiting = () => clients.reduce((sum, client) => sum + client.waiting, 0);
const progress = setInterval(() => {
  const sent = clients.reduce((sum, client) => sum + client.sent.length, 0);
  say(
    `${sent} of ${decisions} decisions, ${witness.accepted} accepted, ${waiting()} wait; ${made.length} faults`,
  );
}, PROGRESS_MS);

/** Each begins and ends by itself. */
const faults: Readonly<Record<string, () => Promise<void>>> = {
  ...(pauseLeader
    ? {}
    : {
        'a server is killed': async () => {
          const server = one(servers);
          await server.kill();
          await wait(500 + random.int(2_000));
          await server.start();
        },
        'clients are killed': async () => {
          for (let n = 0; n < CLIENTS / 10; n += 1) one(clients).restart();
          await wait(200);
        },
        'a server stands still for 20 s': async () => {
          const server = one(servers);
          server.pause();
          await wait(STOPPED_MS);
          server.resume();
        },
        'a server loses its way to the database': async () => {
          const ways = one(links);
          await Promise.all(ways.map((way) => way.setMode('refuse')));
          await wait(1_000 + random.int(3_000));
          await Promise.all(ways.map((way) => way.setMode('pass')));
        },
        'all connections of clients are cut': async () => {
          await balancer.setMode('refuse');
          await wait(random.int(1_000));
          await balancer.setMode('pass');
        },
      }),
  ...nodes.faults,
};
const kinds = Object.keys(faults);
const made: string[] = [];
const failing = (async () => {
  const all = Array.from({ length: faultCount }, (_, n) => kinds[n % kinds.length] ?? '');
  for (let left = all.length; left > 0; left -= 1) {
    const [kind = ''] = all.splice(random.int(all.length), 1);
    say(`fault: ${kind}`);
    await faults[kind]?.();
    made.push(kind);
    if (pauseLeader) await startDivergedAnew();
    await wait(random.int(1_000));
  }
  isDeciding = false;
})();

/** Spread over the faults; what is left comes at once behind them. */
const deciding = (async () => {
  for (let n = 0; n < decisions; n += 1) {
    one(clients).decide(n);
    if (isDeciding) await wait(isShort ? 40 : 12);
  }
})();
await Promise.all([failing, deciding]);
say('nothing fails any more');

await until(
  () => clients.every((client) => client.waiting === 0 && client.isCurrent()),
  'all decisions are answered',
);
const { said } = agreement;
// Where the log has lost something, clients have seen what is not in it.
const isWhole = said === 0 || !pauseLeader;
const problems: string[] = [];
if (isWhole) {
  await until(() => witness.problems(clients).length === 0, 'all clients show what the log has').catch(
    () => {},
  );
  problems.push(...witness.problems(clients));
  await untilTaken();
}
clearInterval(progress);
for (const client of clients) client.close();
await time.stop();

// From what the log holds by then.
await servers[0]?.kill();
await servers[0]?.start();
const dumps = await equalDumps();
problems.push(...dumps.problems);
if (isWhole) {
  problems.push(...untaken(dumps.lines));
  problems.push(...troubles.filter((text) => text.includes('log_diverged')));
}
problems.push(...agreement.problems(pauseLeader ? NOTICED_MS : 0));
const dumpStarts = servers.reduce((sum, { startsFromDump }) => sum + startsFromDump, 0);
if (dumpStarts === 0) problems.push('no server started from a dump');
const lostCount = isWhole ? 0 : await lostOnes();
for (const kind of kinds) if (!made.includes(kind)) problems.push(`never happened: ${kind}`);
await observer.close();
await Promise.all(servers.map((server) => server.kill()));
await Promise.all([balancer, ...watched, ...links.flat()].map((way) => way.close()));
await nodes.stop();

for (const problem of problems.slice(0, SHOWN)) console.log(`  ${problem}`);
if (problems.length > SHOWN) console.log(`  and ${problems.length - SHOWN} more`);
const asked = clients.reduce((sum, client) => sum + client.asked.size, 0);
const outcome = problems.length === 0 ? 'passed' : `failed: ${problems.length} problems`;
console.log(
  isWhole
    ? `cluster on ${engine}, seed ${seed}: ${outcome}; ${witness.accepted} decisions accepted once each, in order, ${asked} of them sent again by a person, ${made.length} faults, ${CLIENTS} clients, ${SERVERS} servers with equal dumps, ${dumpStarts} starts from one, ${pauseLeader ? 'nothing was lost, ' : ''}${seconds()} s`
    : `cluster on ${engine}, seed ${seed}: ${outcome}; nodes came to differ, ${lostCount} accepted decisions are lost; servers said log_diverged ${said} times, ${agreement.slowestMs} ms after what differs at most, ${made.length} pauses of the stream's leader, ${CLIENTS} clients, ${SERVERS} servers with equal dumps, ${seconds()} s`,
);
process.exit(problems.length === 0 ? 0 : 1);

/** As a person does it: says that the log is another one from here on, and starts those anew that said so, with nothing. */
async function startDivergedAnew(): Promise<void> {
  await wait(NOTICED_MS + TELLS_MS);
  for (;;) {
    const diverged = servers.filter(({ hasDiverged }) => hasDiverged);
    if (diverged.length === 0) return;
    say(`${diverged.length} servers have diverged, and are started anew`);
    await Promise.all(diverged.map((server) => server.kill()));
    const log = replicatedLog({ engine: engineBy(nodes.request(watched.map(({ port }) => port))) });
    await log.renew(0);
    await log.close();
    await Promise.all(diverged.map((server) => server.start()));
    await wait(NOTICED_MS + TELLS_MS);
  }
}

/** Hears all that the log holds, and what comes. */
async function observe(): Promise<{ witness: Witness; log: EventLog }> {
  const witness = new Witness();
  const engine = engineBy(nodes.request(watched.map(({ port }) => port)));
  const log = replicatedLog({ engine, historyEvents: 1_000_000 });
  // As servers do, whose engine may not answer yet.
  const end = performance.now() + SETTLE_MS;
  for (;;) {
    try {
      await log.open({ now: 0, tailLimit: 100, hear: witness.hear });
      return { witness, log };
    } catch (error) {
      if (performance.now() > end) throw error;
      await wait(RETRY_MS);
    }
  }
}

/** Until clients have taken what they must, and a server knows it; what they have not in that time is found in the dumps. */
async function untilTaken(): Promise<void> {
  const end = performance.now() + SETTLE_MS;
  while (performance.now() < end) {
    const dump = await servers[0]?.dump();
    if (dump && untaken(dump.lines).length === 0) return;
    await wait(1_000);
  }
}

/** How many decisions clients know as accepted that the log does not hold now. */
async function lostOnes(): Promise<number> {
  const { log } = await observe();
  const histories = await Promise.all(
    TOPICS.map((topic) => log.read(topic, { after: 0 }, { first: Number.MAX_SAFE_INTEGER })),
  );
  await log.close();
  return lost(
    clients,
    histories.flatMap(({ events }) => events),
  ).length;
}

function one<T>(all: readonly T[]): T {
  const chosen = all[random.int(all.length)];
  if (chosen === undefined) throw new Error('there is none');
  return chosen;
}

/** Of one position; servers go on recording that they are at work. */
async function equalDumps(): Promise<{ problems: string[]; lines: readonly string[] }> {
  const end = performance.now() + SETTLE_MS;
  for (;;) {
    const all = await Promise.all(servers.map((server) => server.dump()));
    const [first] = all;
    if (first && all.every(({ position }) => position === first.position)) {
      const digests = all.map(({ lines }) => createHash('sha256').update(lines.join('\n')).digest('hex'));
      const areEqual = new Set(digests).size === 1;
      return { problems: areEqual ? [] : ['the dumps of the servers differ'], lines: first.lines };
    }
    if (performance.now() > end)
      return {
        problems: [`the servers stand at ${all.map(({ position }) => position).join(', ')}`],
        lines: [],
      };
    await wait(500);
  }
}

async function until(holds: () => boolean, what: string): Promise<void> {
  const end = performance.now() + SETTLE_MS;
  while (!holds()) {
    if (performance.now() > end) {
      const stuck = clients.filter((client) => client.waiting > 0 || !client.isCurrent());
      const told = [...new Set(troubles), ...stuck.map(({ about }) => about)];
      console.log(told.slice(-SHOWN).join('\n'));
      throw new Error(`in ${SETTLE_MS / 1_000} s it did not come to this: ${what}`);
    }
    await wait(100);
  }
}
