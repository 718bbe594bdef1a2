/** A database that was restored from a backup while servers ran, as docs/cluster.md says what to do then. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished, vi } from 'vitest';
import { logCommand } from '../../src/cli/log.ts';
import { renewLog } from '../../src/cli/renew-log.ts';
import { MemoryProjection } from '../../src/server/log/memory-projection.ts';
import type { Projection } from '../../src/server/log/projection.ts';
import { postgresEngine } from '../../src/server/postgres/index.ts';
import { replicatedLog } from '../../src/server/replicated/replicated-log.ts';
import { sqliteProjection } from '../../src/server/sqlite/index.ts';
import { startProxy } from '../../testing/network/proxy.ts';
import { PostgresServer, USER } from './postgres.ts';
import { Agreement } from './run/agreement.ts';
import { ClusterClient, Time } from './run/clients.ts';
import { ClusterServer } from './run/server.ts';

const LONG_MS = 60_000;

const WAYS = [
  { shows: 'as the backup has it', goesOnFromFile: false },
  { shows: 'as a server has kept it in a file', goesOnFromFile: true },
];

it.each(WAYS)(
  'is noticed by all servers, renewed by a person, and shown to clients $shows',
  async ({ goesOnFromFile }) => {
    const database = await PostgresServer.start();
    onTestFinished(() => database.stop());
    const address = `postgres://${USER}@127.0.0.1:${database.port}/postgres`;
    const engine = { engine: 'postgres', url: address, password: database.password } as const;
    const agreement = new Agreement();
    const troubles: string[] = [];
    const folder = mkdtempSync(join(tmpdir(), 'trunkline-restored-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const projectionFile = join(folder, 'projection.db');
    const servers = [1, 2].map(
      (number) =>
        new ClusterServer(
          { engine, recordsPerDump: 100_000, ...(number === 1 && { projectionFile }) },
          (text) => troubles.push(text),
          () => agreement.begin(`server ${number}`),
        ),
    );
    const startAll = () => Promise.all(servers.map((server) => server.start()));
    const killAll = () => Promise.all(servers.map((server) => server.kill()));
    onTestFinished(async () => {
      await killAll();
    });
    await startAll();
    let turn = 0;
    const balancer = await startProxy({ target: () => servers[++turn % servers.length]?.port ?? null });
    onTestFinished(() => balancer.close());
    const time = new Time();
    onTestFinished(() => time.stop());
    const clients = [0, 1, 2, 3].map(
      (number) => new ClusterClient(number, time.clock, `ws://127.0.0.1:${balancer.port}/ws`),
    );
    for (const client of clients) client.open();
    onTestFinished(() => {
      for (const client of clients) client.close();
    });
    let n = 0;
    const decide = async () => {
      for (const client of clients) for (let i = 0; i < 5; i++) client.decide(n++);
      await vi.waitFor(
        () => {
          expect(clients.map(({ waiting }) => waiting)).toEqual(clients.map(() => 0));
          expect(clients.every((client) => client.isCurrent())).toBe(true);
        },
        { timeout: LONG_MS, interval: 50 },
      );
    };

    const shown = () => clients.map((client) => client.topics.map((topic) => client.state(topic)));
    /** What that must come to: whatever was sent so far was accepted. */
    const newest = () => {
      const sent = clients.flatMap((client) => client.sent);
      const of = (topic: string) => sent.filter((decision) => decision.topic === topic);
      return clients.map(({ topics }) =>
        topics.map((topic) => Object.fromEntries(of(topic).map(({ client, n }) => [client, n]))),
      );
    };

    await decide();
    const atBackup = newest();
    await database.backUp();
    await decide();
    const atRestore = newest();
    await database.restore();
    await vi.waitFor(() => expect(servers.map(({ hasDiverged }) => hasDiverged)).toEqual([true, true]), {
      timeout: LONG_MS,
      interval: 50,
    });

    await killAll();
    process.env['TRUNKLINE_LOG_PASSWORD'] = database.password;
    onTestFinished(() => {
      delete process.env['TRUNKLINE_LOG_PASSWORD'];
    });
    const told: string[] = [];
    // The server that noticed last may have written to the database before it did: nobody has accepted that.
    await renewLog(
      address,
      (line) => told.push(line),
      goesOnFromFile ? { from: projectionFile, discardsNewer: true } : {},
    );
    expect(told.at(-1)).toContain('every topic has begun a new epoch');
    rmSync(projectionFile);
    await startAll();
    await vi.waitFor(() => expect(shown()).toEqual(goesOnFromFile ? atRestore : atBackup), {
      timeout: LONG_MS,
      interval: 50,
    });
    await decide();
    if (goesOnFromFile)
      await vi.waitFor(() => expect(shown()).toEqual(newest()), { timeout: LONG_MS, interval: 50 });
    expect(servers.map(({ hasDiverged }) => hasDiverged)).toEqual([false, false]);
    const dumps = await vi.waitFor(
      async () => {
        const [one, other] = await Promise.all(servers.map((server) => server.dump()));
        expect(one?.position).toBe(other?.position);
        return [one?.lines, other?.lines];
      },
      { timeout: LONG_MS, interval: 200 },
    );
    expect(dumps[0]).toEqual(dumps[1]);
    // What each shows of a topic is the same, whether it was there all the while or is new.
    const late = new ClusterClient(0, time.clock, `ws://127.0.0.1:${balancer.port}/ws`);
    late.open();
    onTestFinished(() => late.close());
    await vi.waitFor(() => expect(late.isCurrent()).toBe(true), { timeout: LONG_MS, interval: 50 });
    for (const topic of late.topics) expect(clients[0]?.state(topic)).toEqual(late.state(topic));
  },
  180_000,
);

it('goes on from what a server has kept in its projection’s file, with what was accepted since the backup', async () => {
  const database = await PostgresServer.start();
  onTestFinished(() => database.stop());
  const address = `postgres://${USER}@127.0.0.1:${database.port}/postgres`;
  process.env['TRUNKLINE_LOG_PASSWORD'] = database.password;
  const folder = mkdtempSync(join(tmpdir(), 'trunkline-restored-'));
  onTestFinished(() => {
    delete process.env['TRUNKLINE_LOG_PASSWORD'];
    rmSync(folder, { recursive: true });
  });
  const path = join(folder, 'projection.db');
  const serve = async (projection: Projection = new MemoryProjection()) => {
    const engine = postgresEngine({ url: address, password: database.password });
    const log = replicatedLog({ engine, projection });
    onTestFinished(() => log.close());
    const { run } = await log.open({ now: Date.now(), tailLimit: 5 });
    const accept = async (n: number) => {
      const event = { topic: 't', key: `k${n}`, gone: false, critical: false, event: `${n}`, owedBy: [] };
      const command = { principal: 'ann', clientId: 'of ann', id: `i${n}`, run, result: null };
      const [committed] = await log.commit([{ command, events: [event] }], Date.now());
      return committed?.status;
    };
    return { log, projection, accept };
  };
  const file = await sqliteProjection(path);
  const before = await serve(file);
  for (let n = 0; n < 5; n += 1) expect(await before.accept(n)).toBe('committed');
  await database.backUp();
  for (let n = 5; n < 10; n += 1) expect(await before.accept(n)).toBe('committed');
  const known = await before.log.state('t');
  await before.log.close();
  file.close();
  await database.restore();

  const renewing = Date.now();
  expect(await logCommand(['renew', address, '--from', join(folder, 'none.db')])).toBe(1);
  expect(await logCommand(['renew', address, '--discard-newer'])).toBe(2);
  expect(await logCommand(['renew', address, '--from', path])).toBe(0);
  const [one, other] = [await serve(), await serve()];
  const state = await one.log.state('t');
  expect(state.events).toEqual(known.events);
  // By which clients know that they have to be given all of it anew.
  expect(state.epoch).not.toBe(known.epoch);
  expect(await one.log.dedupeSince()).toBeGreaterThanOrEqual(renewing);
  for (const n of [4, 9]) expect(await other.accept(n)).toBe('duplicate');
  expect(await other.accept(10)).toBe('committed');
  await expect.poll(() => one.projection.position).toBe(other.projection.position);
  expect([...one.projection.dump()]).toEqual([...other.projection.dump()]);
  // The servers have written since.
  await expect(renewLog(address, () => {}, { from: path })).rejects.toThrow('would be lost');
}, 180_000);
