import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { dumpText } from '../../../src/server/log/dump.ts';
import {
  type EventLog,
  type Happening,
  type NewEvent,
  PUBLICATION_KEEP_MS,
} from '../../../src/server/log/event-log.ts';
import { MemoryProjection } from '../../../src/server/log/memory-projection.ts';
import type { Projection } from '../../../src/server/log/projection.ts';
import type { StartProgress } from '../../../src/server/replicated/replica.ts';
import { type ReplicatedLogOptions, replicatedLog } from '../../../src/server/replicated/replicated-log.ts';
import { sqliteLog, sqliteProjection } from '../../../src/server/sqlite/index.ts';
import { eventLogConformance } from '../../conformance/event-log.ts';
import { loadDump } from '../../support/load-dump.ts';
import { MemoryEngine, MemoryLogService } from '../../support/memory-engine.ts';
import { newSqliteProjection } from '../../support/sqlite-projection.ts';

const NOW = 1_700_000_000_000;
const ANN = { principal: 'ann', clientId: 'of ann' };
const EVENT: NewEvent = { topic: 't', key: null, gone: false, critical: false, event: '{}', owedBy: [] };

let now = NOW;
let names = 0;
const newName = () => `name ${++names}`;

/** The engine's clock goes by the times that a server would pass on to its log. */
function atTheTimesOfCalls(log: EventLog): EventLog {
  return new Proxy(log, {
    get:
      (target, method: keyof EventLog) =>
      (...parameters: never[]) => {
        const last: unknown = parameters.at(-1);
        if (method === 'open') now = (parameters[0] as unknown as { now: number }).now;
        else if (typeof last === 'number') now = last;
        return Reflect.apply(target[method], target, parameters);
      },
  });
}

eventLogConformance('replicatedLog, on an engine in memory', {
  create: (options) => {
    const engine = new MemoryEngine(new MemoryLogService(() => now));
    return atTheTimesOfCalls(replicatedLog({ engine, ...options, newName }));
  },
});

interface Server {
  readonly log: EventLog;
  readonly engine: MemoryEngine;
  readonly projection: Projection;
  readonly heard: Happening[];
  readonly troubles: unknown[];
  run: string;
}

let service: MemoryLogService;
let servers: Server[] = [];

async function server(
  projection: Projection = new MemoryProjection(),
  {
    engine = new MemoryEngine(service),
    ...options
  }: Partial<ReplicatedLogOptions> & { engine?: MemoryEngine } = {},
): Promise<Server> {
  const heard: Happening[] = [];
  const troubles: unknown[] = [];
  const onTrouble = (error: unknown) => void troubles.push(error);
  const log = replicatedLog({ engine, projection, newName, onTrouble, ...options });
  const one: Server = { log, engine, projection, heard, troubles, run: '' };
  servers.push(one);
  const { run } = await log.open({ now: 0, tailLimit: 5, hear: (all) => heard.push(...all) });
  one.run = run;
  return one;
}

async function publish({ log }: Server, ...events: Partial<NewEvent>[]): Promise<void> {
  await log.commit([{ command: null, events: events.map((event) => ({ ...EVENT, ...event })) }], 0);
}

/** All have applied what the log holds. */
async function level(...all: Server[]): Promise<void> {
  await vi.waitFor(() => {
    for (const { projection } of all) expect(projection.position).toBe(service.newest);
  });
}

function dumpOf({ projection }: Server): readonly string[] {
  return [...projection.dump()];
}

beforeEach(() => {
  now = NOW;
  service = new MemoryLogService(() => now);
  servers = [];
});
afterEach(async () => {
  for (const { log, engine } of servers) {
    engine.stall(false);
    await log.close();
  }
});

describe('several servers on one log', () => {
  test('refuse another name of a publication beyond the limit, whatever each holds what it knows in', async () => {
    const inSqlite = newSqliteProjection();
    onTestFinished(() => inSqlite.end());
    const all = [
      await server(new MemoryProjection(), { publicationNames: 3 }),
      await server(inSqlite.projection, { publicationNames: 3 }),
    ];
    const [first, second] = all as [Server, Server];
    const publishAs = async ({ log }: Server, key: string) => {
      const publication = { key, digest: 'd' };
      return (await log.commit([{ command: null, events: [EVENT], publication }], 0))[0]?.status;
    };
    expect(await publishAs(first, 'a')).toBe('committed');
    await level(...all);
    expect(await publishAs(second, 'b')).toBe('committed');
    expect(await publishAs(second, 'c')).toBe('committed');
    await level(...all);
    for (const one of all) {
      expect(await publishAs(one, 'd')).toBe('too_many_names');
      expect(await publishAs(one, 'a')).toBe('repeated');
    }
    now += PUBLICATION_KEEP_MS + 1;
    await first.log.prune(0);
    await level(...all);
    for (const [place, one] of all.entries()) expect(await publishAs(one, `new ${place}`)).toBe('committed');
    expect(dumpOf(first)).toEqual(dumpOf(second));
  });

  test('hear of what each of them does in one order, and come to the same', async () => {
    const all = [await server(), await server(), await server()];
    await Promise.all(
      Array.from({ length: 60 }, (_, n) =>
        publish(all[n % 3] as Server, { event: `{"n":${n}}`, key: `k${n % 7}` }),
      ),
    );
    await level(...all);
    const offsets = all.map(({ heard }) =>
      heard.flatMap((one) => (one.kind === 'committed' ? one.events.map(({ event }) => event.offset) : [])),
    );
    expect(offsets[0]).toEqual(Array.from({ length: 60 }, (_, n) => n + 1));
    expect(offsets[1]?.slice(-50)).toEqual(offsets[0]?.slice(-50));
    expect(dumpOf(all[1] as Server)).toEqual(dumpOf(all[0] as Server));
    expect(dumpOf(all[2] as Server)).toEqual(dumpOf(all[0] as Server));
  });

  test('answer what was applied here: a commit is read at once by whoever made it', async () => {
    const one = await server();
    // It does not hear of it from the engine.
    one.engine.lag(true);
    await publish(one, {});
    expect((await one.log.state('t')).offset).toBe(1);
  });

  test('admit a client at one of them at a time, and the last one alone commits its commands', async () => {
    const [one, other] = [await server(), await server()];
    const admit = async ({ log, run }: Server, seen: number) =>
      (await log.admit([{ client: ANN, term: 1, run, seen }], 0))[0]?.status;
    const accept = async ({ log, run }: Server) =>
      (await log.commit([{ command: { ...ANN, id: 'i', run, result: null }, events: [] }], 0))[0]?.status;
    const seen = await one.log.position();
    expect(await admit(one, seen)).toBe('admitted');
    expect(await admit(other, seen)).toBe('overtaken');
    expect(await admit(other, await other.log.position())).toBe('admitted');
    expect(await accept(one)).toBe('superseded');
    expect(await accept(other)).toBe('committed');
    await level(one, other);
    expect(one.heard.filter(({ kind }) => kind === 'admitted')).toHaveLength(2);
  });

  test('go on from the time that the clients of one were told, where the clock of the log was set back', async () => {
    const one = await server();
    now = NOW - 60_000;
    await one.log.tell(one.run, NOW + 10_000);
    await publish(one, {});
    expect((await one.log.state('t')).ts).toBe(NOW + 10_000);
    const other = replicatedLog({ engine: new MemoryEngine(service), newName });
    expect(await other.open({ now: 0, tailLimit: 5 })).toMatchObject({ newestTime: NOW + 10_000 });
    await other.close();
  });

  test('are at the time of the log, whatever their own clocks show', async () => {
    const [one, other] = [await server(), await server()];
    now = NOW + 1_000;
    await publish(one, {});
    now = NOW - 999_999;
    await publish(other, {});
    const { events } = await one.log.read('t', { after: 0 }, { first: 9 });
    expect(events.map(({ ts }) => ts)).toEqual([NOW + 1_000, NOW + 1_000]);
    expect(other.heard.findLast(({ kind }) => kind === 'time')).toEqual({ kind: 'time', now: NOW + 1_000 });
  });
});

describe('an append of unknown end', () => {
  test.for(['lost, written', 'lost, not written', 'repeated'] as const)(
    'is applied once: %s',
    async (fault) => {
      const [one, other] = [await server(), await server()];
      one.engine.failNext(fault, fault);
      await publish(one, { event: '{"n":1}' });
      await publish(one, { event: '{"n":2}' });
      await level(one, other);
      for (const { log } of [one, other]) {
        const { events } = await log.read('t', { after: 0 }, { first: 9 });
        expect(events.map(({ event }) => event)).toEqual(['{"n":1}', '{"n":2}']);
      }
      expect(dumpOf(other)).toEqual(dumpOf(one));
    },
  );

  test('is void where it comes late, after what its author wrote next', async () => {
    const [one, other] = [await server(), await server()];
    one.engine.failNext('late');
    await publish(one, { event: '{"n":1}' });
    await publish(one, { event: '{"n":2}' });
    service.arrive();
    await publish(other, { event: '{"n":3}' });
    await level(one, other);
    const { events } = await other.log.read('t', { after: 0 }, { first: 9 });
    expect(events.map(({ event }) => event)).toEqual(['{"n":1}', '{"n":2}', '{"n":3}']);
  });

  test('is void where it comes late, though the clock was set days ahead meanwhile', async () => {
    const [one, other] = [await server(), await server()];
    one.engine.failNext('late');
    await publish(one, { event: '{"n":1}' });
    now = NOW + 8 * 24 * 60 * 60 * 1_000;
    await publish(other, { event: '{"n":2}' });
    service.arrive();
    await publish(other, { event: '{"n":3}' });
    await level(one, other);
    const { events } = await other.log.read('t', { after: 0 }, { first: 9 });
    expect(events.map(({ event }) => event)).toEqual(['{"n":1}', '{"n":2}', '{"n":3}']);
  });

  test('is not waited for once the log is closed', async () => {
    const one = await server();
    one.engine.stall(true);
    const publishing = publish(one, {});
    const closing = one.log.close();
    await expect(publishing).rejects.toThrow('the log is closed');
    await closing;
  });
});

test('a log that is closed while it starts asks its engine for nothing any more', async () => {
  await publish(await server(), {});
  const engine = new MemoryEngine(service);
  const follow = vi.spyOn(engine, 'follow');
  const log = replicatedLog({ engine });
  const read = engine.read.bind(engine);
  vi.spyOn(engine, 'read').mockImplementation(async (...from) => {
    const records = await read(...from);
    void log.close();
    return records;
  });
  await expect(log.open({ now: 0, tailLimit: 5 })).rejects.toThrow('closed');
  expect(follow).not.toHaveBeenCalled();
});

test('a server goes on where those who are told by it throw, and what it is asked for is answered', async () => {
  const told = vi.spyOn(console, 'error').mockImplementation(() => {});
  const engine = new MemoryEngine(service);
  vi.spyOn(engine, 'keepDump').mockRejectedValue(new Error('made to fail'));
  const fails = () => {
    throw new Error('made to fail');
  };
  const hear = vi
    .fn()
    .mockImplementationOnce(() => {})
    .mockImplementationOnce(fails);
  const log = replicatedLog({ engine, recordsPerDump: 3, onTrouble: fails });
  await log.open({ now: 0, tailLimit: 5, hear });
  for (let count = 0; count < 5; count += 1) await log.commit([{ command: null, events: [EVENT] }], 0);
  expect((await log.state('t')).offset).toBe(5);
  await vi.waitFor(() => expect(engine.keepDump).toHaveBeenCalled());
  expect(told).toHaveBeenCalledTimes(1);
  await log.close();
  told.mockRestore();
});

test('a person renews a log that servers have, and takes no part in it beyond that', async () => {
  const [one, other] = [await server(), await server()];
  await publish(one, {});
  await level(one, other);
  const { epoch } = await other.log.state('t');
  const runs = await other.log.runs();
  const renewing = replicatedLog({ engine: new MemoryEngine(service) });
  await renewing.renew(0);
  await renewing.close();
  await level(one, other);
  expect((await other.log.state('t')).epoch).not.toBe(epoch);
  expect(await other.log.runs()).toEqual(runs);
  expect(dumpOf(one)).toEqual(dumpOf(other));
});

test('what the engine refuses is told to whoever wanted it, and what comes then is written', async () => {
  const one = await server();
  one.engine.failNext('refused');
  await expect(publish(one, {})).rejects.toThrow('nothing was written');
  await publish(one, {});
  expect((await one.log.state('t')).offset).toBe(1);
});

test('a refusal proves nothing about a record whose first answer was lost', async () => {
  const one = await server();
  one.engine.failNext('lost, written', 'refused');
  one.engine.lag(true);
  const publishing = publish(one, {});
  await wait(200);
  one.engine.lag(false);
  await publishing;
  expect((await one.log.state('t')).offset).toBe(1);
});

test('what is written in one turn is one record', async () => {
  const one = await server();
  const before = service.newest;
  await Promise.all(Array.from({ length: 100 }, () => publish(one, {})));
  expect(service.newest - before).toBe(1);
  expect((await one.log.state('t')).offset).toBe(100);
});

test('a transaction that no record holds is refused alone, and events that would never fit at start', async () => {
  const one = await server(undefined, { engine: new MemoryEngine(service, 20_000) });
  const big = { command: null, events: [{ ...EVENT, event: JSON.stringify('x'.repeat(20_000)) }] };
  const [refused, committed] = await one.log.commit([big, { command: null, events: [EVENT] }], 0);
  expect(refused).toMatchObject({ status: 'too_large' });
  expect(committed?.status).toBe('committed');
  const { log } = one;
  await expect(log.open({ now: 0, tailLimit: 5, maxEventBytes: 20_000 })).rejects.toThrow(
    'limits.maxEventBytes',
  );
});

describe('a server that starts', () => {
  test('applies all that the log holds, and goes on from what it had applied', async () => {
    const one = await server();
    for (let n = 0; n < 700; n++) await publish(one, { key: `k${n % 10}` });
    const other = await server();
    expect((await other.log.state('t')).offset).toBe(700);
    await other.log.close();
    await publish(one, {});
    const again = await server(other.projection);
    await level(one, again);
    expect(dumpOf(again)).toEqual(dumpOf(one));
  });

  test('from a dump is as one that has applied all', async () => {
    const one = await server();
    for (let n = 0; n < 30; n++) await publish(one, { key: `k${n % 10}`, critical: true, owedBy: [ANN] });
    const projection = new MemoryProjection();
    loadDump(projection, one.projection.dump());
    await one.engine.trim(projection.position);
    const other = await server(projection);
    await publish(one, {});
    await level(one, other);
    expect(dumpOf(other)).toEqual(dumpOf(one));
  });

  test('goes on from what it has in a file, which one process at a time has, and comes to the same as in memory', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'trunkline-projection-'));
    const path = join(folder, 'projection.db');
    const one = await server();
    const file = await sqliteProjection(path);
    const other = await server(file);
    for (let n = 0; n < 20; n++) await publish(n % 2 ? one : other, { key: `k${n % 5}` });
    await level(one, other);
    expect(dumpOf(other)).toEqual(dumpOf(one));
    await expect(sqliteProjection(path)).rejects.toThrow(path);
    await other.log.close();
    file.close();
    for (let n = 0; n < 20; n++) await publish(one, {});
    // What it had applied is not asked for again.
    await one.engine.trim(file.position);
    const opened = await sqliteProjection(path);
    const again = await server(opened);
    await level(one, again);
    expect(dumpOf(again)).toEqual(dumpOf(one));
    await again.log.close();
    opened.close();
    await expect(sqliteLog(path).open({ now: NOW, tailLimit: 1 })).rejects.toThrow('replicated log');
    rmSync(folder, { recursive: true });
  });

  test('does not take the log of a single server for what was made from this one', async () => {
    const projection = new MemoryProjection();
    const content = {
      now: NOW,
      limits: { tailLimit: 1, historyEvents: 1, commandIds: 1, clientIds: 1 },
      run: 'r',
      epoch: 'e',
    };
    projection.apply(1, { kind: 'open', content });
    await expect(server(projection)).rejects.toThrow('begin with an empty one');
  });

  test('says that there is no dump where the log begins later than what it has applied', async () => {
    const one = await server();
    await publish(one, {});
    await one.engine.trim(2);
    await expect(server()).rejects.toThrow('there is no dump to start from');
  });
});

const EVERY = 10;
/** Of which two are kept. */
async function untilDumps(...positions: readonly number[]): Promise<void> {
  await vi.waitFor(() => expect([...service.dumps.keys()]).toEqual(positions));
}
async function publishUntil(position: number, ...by: Server[]): Promise<void> {
  while (service.newest < position)
    await publish(by[service.newest % by.length] as Server, { key: `k${service.newest % 7}` });
}

describe('dumps', () => {
  test('are made by whoever wrote the record at each multiple, two are kept, and the log from the older one on', async () => {
    const all = [
      await server(undefined, { recordsPerDump: EVERY }),
      await server(undefined, { recordsPerDump: EVERY }),
    ];
    await publishUntil(9, ...all);
    expect(service.dumps.size).toBe(0);
    for (const position of [10, 20, 30, 40]) {
      await publishUntil(position, ...all);
      await untilDumps(...(position === 10 ? [10] : [position, position - 10]));
      if (position > 10) await vi.waitFor(() => expect(service.read(1, 0).oldest).toBe(position - 9));
    }
    const progress: StartProgress[] = [];
    const other = await server(undefined, { onProgress: (one) => progress.push(one) });
    expect(progress[0]).toEqual({ kind: 'loading', position: 40, parts: 1 });
    await publishUntil(45, ...all);
    await level(...all, other);
    expect(dumpOf(other)).toEqual(dumpOf(all[0] as Server));
    expect(all.flatMap(({ troubles }) => troubles)).toEqual([]);
  });

  test('hold what was applied at their position, whatever is written meanwhile, and however many parts they have', async () => {
    const engine = new MemoryEngine(service, 20_000);
    const one = await server(undefined, { engine, recordsPerDump: 200 });
    const witness = await server(undefined, {
      engine: new MemoryEngine(service, 20_000),
      recordsPerDump: 200,
    });
    for (let n = 0; n < 195; n += 1)
      await publish(one, { key: `k${n}`, event: JSON.stringify('€😀'.repeat(200)) });
    await level(one, witness);
    expect(service.newest).toBeLessThan(200);
    await Promise.all(
      Array.from({ length: 20 }, async () => {
        for (let n = 0; n < 20; n += 1) await publish(n % 2 ? one : witness, { key: `k${n}` });
      }),
    );
    await vi.waitFor(() => expect(service.dumps.size).toBeGreaterThan(0));
    expect([...service.dumps.values()].every((parts) => parts.length > 5)).toBe(true);
    const other = await server();
    await level(one, witness, other);
    expect(dumpOf(other)).toEqual(dumpOf(witness));
    expect(dumpOf(one)).toEqual(dumpOf(witness));
  });

  test('let others have their turns between their parts', async () => {
    const engine = new MemoryEngine(service, 20_000);
    const one = await server(undefined, { engine, recordsPerDump: 50 });
    const dump = one.projection.dump.bind(one.projection);
    let turns = 0;
    let meanwhile = 0;
    vi.spyOn(one.projection, 'dump').mockImplementationOnce(function* () {
      const before = turns;
      yield* dump();
      meanwhile = turns - before;
    });
    let counting = setImmediate(function count() {
      turns += 1;
      counting = setImmediate(count);
    });
    while (service.newest < 50)
      await publish(one, { key: `k${service.newest}`, event: JSON.stringify('x'.repeat(2_000)) });
    await untilDumps(50);
    clearImmediate(counting);
    expect(service.dumps.get(50)?.length).toBeGreaterThan(5);
    expect(meanwhile).toBeGreaterThan(5);
  });

  test('are started from where that is faster than to apply what led there, in place of what was there', async () => {
    const one = await server(undefined, { recordsPerDump: EVERY });
    const [near, far] = [await server(), await server()];
    await far.log.close();
    await publishUntil(9, one);
    await level(one, near);
    await near.log.close();
    await publishUntil(18, one);
    await untilDumps(10);
    const starts = async (projection: Projection) => {
      const engine = new MemoryEngine(service);
      const read = vi.spyOn(engine, 'readDump');
      const again = await server(projection, { engine, recordsPerDump: 5 });
      await level(one, again);
      expect(dumpOf(again)).toEqual(dumpOf(one));
      return read.mock.calls.flat();
    };
    expect(await starts(near.projection)).toEqual([]);
    expect(await starts(far.projection)).toEqual([10]);
  });

  test('that are damaged, of another format or gone are done without where an older one is there, else said to be the reason', async () => {
    const one = await server(undefined, { recordsPerDump: EVERY });
    await publishUntil(30, one);
    await untilDumps(30, 20);
    const whole = service.dumps.get(30) ?? [];
    for (const damage of [
      () => service.damageDump(),
      () =>
        service.keepDump(
          30,
          whole.map((part) => part.replace('"format":1', '"format":2')),
        ),
    ]) {
      damage();
      const other = await server();
      await level(one, other);
      expect(dumpOf(other)).toEqual(dumpOf(one));
      expect(other.troubles).toHaveLength(1);
    }
    service.keepDump(20, ['nothing']);
    await vi.waitFor(() => expect(service.read(1, 0).oldest).toBe(21));
    await expect(server()).rejects.toMatchObject({
      message: expect.stringContaining('none of its dumps could be loaded'),
      cause: expect.objectContaining({ message: expect.stringContaining('the dump') }),
    });
  });

  /** What a server has kept that knows something else than the others: whole, and with its checksum. */
  const wrong = (parts: readonly string[]) => {
    const [head, ...lines] = parts
      .join('')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    const note = JSON.stringify({ ...JSON.parse(head.note), digest: 'another' });
    const content = lines.slice(0, -1).filter(({ key }) => key !== 'k1');
    return [...dumpText({ ...head, note }, content)].map((line) => `${line}\n`);
  };

  test.each([
    ['memory', () => ({ projection: new MemoryProjection(), end: () => {} })],
    ['SQLite', newSqliteProjection],
  ])(
    'that are of a server which was wrong, and had not noticed it, are done without, in %s',
    async (_, create) => {
      const one = await server(undefined, { recordsPerDump: EVERY });
      const witness = await server();
      const startsRight = async (position: number) => {
        const { projection, end } = create();
        const other = await server(projection, { recordsPerDump: EVERY });
        await publish(other, { key: 'of the new one' });
        await level(one, other);
        expect(dumpOf(other)).toEqual(dumpOf(one));
        expect(other.troubles).toEqual([
          expect.objectContaining({
            message: expect.stringContaining(`the dump of ${position} is not used`),
          }),
        ]);
        await other.log.close();
        end();
      };
      await publishUntil(10, one);
      await untilDumps(10);
      await publishUntil(12, one, witness);
      service.keepDump(10, wrong(service.dumps.get(10) ?? []));
      // There is none before it, but the whole log.
      await startsRight(10);
      await publishUntil(30, one);
      await untilDumps(30, 20);
      await publishUntil(32, one, witness);
      service.keepDump(30, wrong(service.dumps.get(30) ?? []));
      await startsRight(30);
      service.keepDump(20, wrong(service.dumps.get(20) ?? []));
      await vi.waitFor(() => expect(service.read(1, 0).oldest).toBe(21));
      await expect(server()).rejects.toMatchObject({ code: 'log_diverged' });
      expect([isDiverged(one), isDiverged(witness)]).toEqual([false, false]);
    },
  );

  test('that are loaded let others have their turns, and nothing is half loaded where the server ends meanwhile', async () => {
    const one = await server(undefined, { recordsPerDump: 50 });
    while (service.newest < 50)
      await publish(one, ...Array.from({ length: 50 }, (_, n) => ({ key: `k${service.newest} ${n}` })));
    await untilDumps(50);
    const folder = mkdtempSync(join(tmpdir(), 'trunkline-load-'));
    const file = await sqliteProjection(join(folder, 'projection.db'));
    const load = file.load.bind(file);
    let steps = 0;
    vi.spyOn(file, 'load').mockImplementationOnce(function* (dump) {
      for (const step of load(dump)) {
        steps += 1;
        yield step;
      }
    });
    const engine = new MemoryEngine(service);
    const log = replicatedLog({ engine, projection: file, recordsPerDump: 10 });
    const opening = expect(log.open({ now: 0, tailLimit: 5 })).rejects.toThrow();
    await vi.waitFor(() => expect(steps).toBeGreaterThan(3), { interval: 0 });
    await log.close();
    await opening;
    expect([file.position, file.note]).toEqual([0, '']);
    const given = steps;
    const again = await server(file, { recordsPerDump: 10 });
    await level(one, again);
    expect(dumpOf(again)).toEqual(dumpOf(one));
    expect(steps).toBe(given);
    await again.log.close();
    file.close();
    rmSync(folder, { recursive: true });
  });

  test('that make place for newer ones while they are read are left for those', async () => {
    const one = await server(undefined, { recordsPerDump: EVERY });
    await publishUntil(30, one);
    await untilDumps(30, 20);
    const engine = new MemoryEngine(service);
    const read = engine.readDump.bind(engine);
    vi.spyOn(engine, 'readDump').mockImplementationOnce(async function* (position) {
      await publishUntil(40, one);
      await untilDumps(40, 30);
      await publishUntil(50, one);
      await untilDumps(50, 40);
      yield* read(position);
    });
    const other = await server(undefined, { engine });
    await level(one, other);
    expect(dumpOf(other)).toEqual(dumpOf(one));
  });

  test('hold up neither what is answered nor the end of a server while the engine keeps them', async () => {
    const one = await server(undefined, { recordsPerDump: EVERY });
    await publishUntil(9, one);
    const keep = vi.spyOn(one.engine, 'keepDump').mockReturnValue(new Promise(() => {}));
    await publishUntil(25, one);
    expect(keep).toHaveBeenCalledOnce();
    await one.log.close();
  });

  test('are not made of what a server knows that has diverged', async () => {
    const one = await server(undefined, { recordsPerDump: EVERY });
    const other = await server();
    await publishUntil(9, one);
    await level(one, other);
    const kept = Promise.withResolvers<void>();
    const keep = one.engine.keepDump.bind(one.engine);
    vi.spyOn(one.engine, 'keepDump').mockImplementationOnce(async (position, parts) => {
      await kept.promise;
      await keep(position, parts);
    });
    await publishUntil(12, one);
    service.forgetNewest(1);
    await vi.waitFor(() => expect(isDiverged(one)).toBe(true), 5_000);
    kept.resolve();
    await wait(50);
    expect(service.dumps.size).toBe(0);
  });
});

describe('a server whose engine lags while the log is trimmed', () => {
  test('goes on where only what it had applied already is forgotten', async () => {
    const [one, other] = [await server(), await server()];
    await level(one, other);
    one.engine.lag(true);
    for (let n = 0; n < 5; n += 1) await publish(one, {});
    await level(one, other);
    service.trim(service.newest);
    one.engine.lag(false);
    await publish(other, {});
    await level(one, other);
    await publish(one, {});
    await level(one, other);
    expect(dumpOf(one)).toEqual(dumpOf(other));
  });

  test('says so and serves nobody where what it needs is forgotten', async () => {
    const [one, other] = [await server(), await server()];
    await level(one, other);
    one.engine.lag(true);
    for (let n = 0; n < 5; n += 1) await publish(other, {});
    const before = service.newest;
    const publishing = publish(one, {});
    await vi.waitFor(() => expect(service.newest).toBe(before + 1));
    service.trim(service.newest);
    now = NOW + 20_000;
    one.engine.lag(false);
    await expect(publishing).rejects.toThrow('behind for too long');
    await vi.waitFor(() => expect(isDiverged(one)).toBe(true));
    // Others know that it was at work until then, so that nobody has to take what was sent to it for lost.
    await level(other);
    expect((await other.log.runs()).find(({ id }) => id === one.run)?.told).toBe(now);
    expect((await other.log.state('t')).offset).toBe(6);
    await expect(one.log.state('t')).rejects.toMatchObject({ code: 'log_diverged' });
    expect(isDiverged(other)).toBe(false);
  });
});

/** What follows from the record that is the newest is another thing here. */
function comeToSomethingElse({ projection }: Server): void {
  const apply = projection.applyAll.bind(projection);
  vi.spyOn(projection, 'applyAll').mockImplementation((position, entries, noteOf) =>
    apply(position, entries, (outcomes) =>
      noteOf(
        outcomes.map((outcome) =>
          Array.isArray(outcome) && position === service.newest ? [{ status: 'superseded' }] : outcome,
        ),
      ),
    ),
  );
}

function isDiverged({ heard }: Server): boolean {
  return heard.some((one) => one.kind === 'stands' && one.standing.state === 'diverged');
}

describe('a server that knows something else than the others', () => {
  test('says so, does nothing more, and so do those who see it', async () => {
    const [one, other] = [await server(), await server()];
    await level(one, other);
    comeToSomethingElse(other);
    await publish(one, {});
    await level(one, other);
    vi.restoreAllMocks();
    await publish(one, {});
    await vi.waitFor(() => expect(isDiverged(other)).toBe(true));
    await expect(other.log.state('t')).rejects.toMatchObject({ code: 'log_diverged' });
    await expect(publish(other, {})).rejects.toMatchObject({ code: 'log_diverged' });
    expect(isDiverged(one)).toBe(false);
    const { position } = other.projection;
    await publish(one, {});
    await wait(50);
    expect(other.projection.position).toBe(position);
  });

  test.each([
    ['of another format', '{"format":2}'],
    [
      'with an entry of another kind',
      '{"format":1,"author":"a","number":1,"at":0,"digest":"","entries":[{"kind":"newer","content":{}}]}',
    ],
    ['that is none', 'text'],
  ])('says so where it meets a record %s, and stops', async (_, text) => {
    const one = await server();
    service.place(text);
    await vi.waitFor(() => expect(isDiverged(one)).toBe(true));
    await expect(publish(one, {})).rejects.toThrow(
      `record ${service.newest} cannot be read by this version of the server`,
    );
    await expect(server()).rejects.toThrow('cannot be read by this version');
    expect(one.troubles).toEqual([]);
  });

  test('passes over what a later version adds to a record, as the formats that it reads, and comes to the same as without it', async () => {
    const file = newSqliteProjection();
    const [one, other] = [await server(), await server(file.projection)];
    const limits = { tailLimit: 1, historyEvents: 5, commandIds: 10, clientIds: 10 };
    const content = { limits, run: 'later', epoch: 'e', formats: [1, 2] };
    const head = { format: 1, author: 'later', number: 1, at: 0, digest: '', formats: [1, 2] };
    service.place(JSON.stringify({ ...head, entries: [{ kind: 'open', content }] }));
    await publish(one, {});
    await publish(other, {});
    await level(one, other);
    expect((await one.log.runs()).map(({ id }) => id)).toContain('later');
    expect(dumpOf(other)).toEqual(dumpOf(one));
    expect([isDiverged(one), isDiverged(other)]).toEqual([false, false]);
    expect(dumpOf(one).join()).not.toContain('formats');
    await other.log.close();
    file.end();
  });

  test('notices that the log ends before what it has applied', async () => {
    const [one, other] = [await server(), await server()];
    await publish(one, {});
    await level(one, other);
    service.forgetNewest(1);
    await vi.waitFor(() => expect([isDiverged(one), isDiverged(other)]).toEqual([true, true]), 5_000);
  });

  test('notices that the log went on with something else, once another server writes to it', async () => {
    const [one, other] = [await server(), await server()];
    await publish(one, {});
    await level(one, other);
    other.engine.stall(true);
    service.forgetNewest(1);
    const third = await server();
    await publish(third, { event: '{"another":true}' });
    await publish(third, {});
    await vi.waitFor(() => expect(isDiverged(one)).toBe(true), 5_000);
    expect(isDiverged(third)).toBe(false);
  });
});

describe('a log that was restored from a backup while servers ran', () => {
  /** One that had applied more than the log now holds has written to it. */
  const restored = async () => {
    const one = await server();
    await publish(one, {});
    await level(one);
    one.engine.stall(true);
    const publishing = publish(one, {}).catch(() => {});
    service.forgetNewest(1);
    one.engine.stall(false);
    await publishing;
    await vi.waitFor(() => expect(isDiverged(one)).toBe(true), 5_000);
    return one;
  };
  const start = async (projection: Projection = new MemoryProjection()) => {
    const log = replicatedLog({ engine: new MemoryEngine(service), projection, newName });
    try {
      await log.open({ now: 0, tailLimit: 5 });
      return log;
    } catch (error) {
      await log.close();
      throw error;
    }
  };

  test('serves nobody until a person has renewed it, also not from what was made of it meanwhile', async () => {
    await restored();
    const projection = new MemoryProjection();
    await expect(start(projection)).rejects.toMatchObject({ code: 'log_diverged' });
    await expect(start(projection)).rejects.toMatchObject({ code: 'log_diverged' });
  });

  test('is as any other once a person has renewed it, and those who knew more of it are ended', async () => {
    const before = await restored();
    await before.log.close();
    const renewing = replicatedLog({ engine: new MemoryEngine(service) });
    await renewing.renew(0);
    await renewing.close();
    const [one, other] = [await server(), await server()];
    await publish(one, {});
    await publish(other, {});
    await level(one, other);
    expect(dumpOf(one)).toEqual(dumpOf(other));
    expect([isDiverged(one), isDiverged(other)]).toEqual([false, false]);
  });
});

test('a server that is far behind says so, and that it has caught up', async () => {
  const [one, other] = [await server(), await server()];
  other.engine.lag(true);
  for (let n = 0; n < 1_100; n++) await publish(one, {});
  const standings = () =>
    other.heard.flatMap((heard) => (heard.kind === 'stands' ? [heard.standing.state] : []));
  await vi.waitFor(() => expect(standings()).toEqual(['behind']), 5_000);
  other.engine.lag(false);
  await vi.waitFor(() => expect(standings()).toEqual(['behind', 'current']), 5_000);
});
