import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { EventLog, Happening } from '../../../src/server/log/event-log.ts';
import { MemoryProjection } from '../../../src/server/log/memory-projection.ts';
import { renewFrom } from '../../../src/server/replicated/renew-from.ts';
import { type ReplicatedLogOptions, replicatedLog } from '../../../src/server/replicated/replicated-log.ts';
import { MemoryEngine, MemoryLogService } from '../../support/memory-engine.ts';

const ANN = { principal: 'ann', clientId: 'of ann' };
let now = Date.UTC(2026, 0, 1);
let service: MemoryLogService;
let names = 0;
const newName = () => `name ${++names}`;
const logs: EventLog[] = [];

interface Server {
  readonly log: EventLog;
  readonly projection: MemoryProjection;
  readonly run: string;
  readonly heard: Happening[];
}

async function serve(options: Partial<ReplicatedLogOptions> = {}): Promise<Server> {
  const projection = new MemoryProjection();
  const log = replicatedLog({ engine: new MemoryEngine(service), projection, newName, ...options });
  logs.push(log);
  const heard: Happening[] = [];
  const { run } = await log.open({ now, tailLimit: 5, hear: (all) => heard.push(...all) });
  return { log, projection, run, heard };
}

async function accept({ log, run }: Server, n: number): Promise<string | undefined> {
  now += 1_000;
  const event = { topic: 't', key: `k${n}`, gone: false, critical: false, event: `${n}`, owedBy: [] };
  const command = { ...ANN, id: `i${n}`, run, result: null };
  const [committed] = await log.commit([{ command, events: [event] }], now);
  return committed?.status;
}

/** What a server knew of a log that has since lost its newest records, and is served by nobody. */
async function restored(lost: number): Promise<MemoryProjection> {
  const one = await serve();
  for (let n = 0; n < 10; n += 1) await accept(one, n);
  await one.log.admit([{ client: ANN, term: 1, run: one.run, seen: await one.log.position() }], now);
  await one.log.close();
  service.forgetNewest(lost);
  return one.projection;
}

const renew = (known: MemoryProjection, options = {}) =>
  renewFrom(new MemoryEngine(service, 1_000), known, { newName, ...options });

beforeEach(() => {
  service = new MemoryLogService(() => now);
});
afterEach(async () => {
  await Promise.all(logs.splice(0).map((log) => log.close()));
});

test.each([
  ['a part of it', 6],
  ['all of it', 12],
])(
  'a log that has lost %s goes on from what one server knew, in new epochs, with its commands',
  async (_, lost) => {
    const known = await restored(lost);
    const knownUntil = now;
    const before = known.state('t');
    now += 60_000;
    const position = service.newest + 1;
    expect(await renew(known)).toEqual({ position, knownUntil });
    const [one, other] = [await serve(), await serve()];
    const state = await one.log.state('t');
    expect(state.events).toEqual(before.events);
    expect(state.epoch).not.toBe(before.epoch);
    expect(await other.log.dedupeSince()).toBe(now);
    // Positions are lower than those of the connections that it knew of.
    const admission = { client: ANN, term: 1, run: other.run, seen: await other.log.position() };
    expect(await other.log.admit([admission], now)).toMatchObject([{ status: 'admitted' }]);
    expect(await accept(other, 9)).toBe('duplicate');
    expect(await accept(other, 10)).toBe('committed');
    await vi.waitFor(() => expect(one.projection.position).toBe(other.projection.position));
    expect([...one.projection.dump()]).toEqual([...other.projection.dump()]);
    expect((await one.log.state('t')).offset).toBe(11);
  },
);

test('nobody starts on it where it was cut off before its dump was there, until it was done once more', async () => {
  const known = await restored(6);
  now += 60_000;
  const engine = new MemoryEngine(service);
  vi.spyOn(engine, 'keepDump').mockRejectedValue(new Error('ended abruptly'));
  await expect(renewFrom(engine, known, { newName })).rejects.toThrow('ended abruptly');
  await expect(serve()).rejects.toThrow('on the log goes on from a dump that cannot be loaded');
  await expect(renew(known)).rejects.toThrow('would be lost');
  await renew(known, { discardsNewer: true });
  expect((await (await serve()).log.state('t')).offset).toBe(10);
});

test('what is older than the log does not take its place, unless a person says that what is newer is to be lost', async () => {
  const one = await serve();
  await accept(one, 1);
  const known = new MemoryProjection();
  for (const _ of known.load(one.projection.dump()));
  await accept(one, 2);
  const { newest } = service;
  await expect(renew(known)).rejects.toThrow('what was accepted between would be lost');
  expect([service.newest, service.dumps.size]).toEqual([newest, 0]);
  await renew(known, { discardsNewer: true });
  // A server that is at work all the same serves nobody any more.
  const why = expect.stringContaining('as a person has said');
  await vi.waitFor(() => expect(one.heard.at(-1)).toMatchObject({ standing: { state: 'diverged', why } }));
  const next = await serve();
  expect((await next.log.state('t')).offset).toBe(1);
  expect(await accept(next, 1)).toBe('duplicate');
  expect(await accept(next, 2)).toBe('committed');
});

test('what was not made of a shared log is none to go on from, and whoever writes meanwhile is noticed', async () => {
  await expect(renew(new MemoryProjection())).rejects.toThrow('holds nothing');
  const known = await restored(1);
  const engine = new MemoryEngine(service);
  engine.failNext('repeated');
  const append = engine.append.bind(engine);
  vi.spyOn(engine, 'append').mockImplementation(async (text) => {
    service.place('another one');
    return await append(text);
  });
  await expect(renewFrom(engine, known, { newName, discardsNewer: true })).rejects.toThrow('somebody writes');
  expect(service.dumps.size).toBe(0);
});

test('dumps that servers make after it, and its own, are started from as ever', async () => {
  const known = await restored(6);
  now += 60_000;
  const { position } = await renew(known);
  const one = await serve({ recordsPerDump: 10 });
  for (let n = 20; n < 45; n += 1) await accept(one, n);
  await vi.waitFor(() => expect(service.read(1, 0).oldest).toBeGreaterThan(position));
  const other = await serve({ recordsPerDump: 10 });
  await vi.waitFor(() => expect(one.projection.position).toBe(other.projection.position));
  expect([...other.projection.dump()]).toEqual([...one.projection.dump()]);
});
