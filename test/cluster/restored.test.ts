/** A database that was restored from a backup while servers ran, as docs/cluster.md says what to do then. */
import { expect, it, onTestFinished, vi } from 'vitest';
import { renewLog } from '../../src/cli/renew-log.ts';
import { PostgresServer, USER } from './postgres.ts';
import { Agreement } from './run/agreement.ts';
import { ClusterClient, Time } from './run/clients.ts';
import { ClusterServer } from './run/server.ts';
import { Way } from './run/way.ts';

const LONG_MS = 60_000;

it('is noticed by all servers, renewed by a person, and shown to clients as it is then', async () => {
  const database = await PostgresServer.start();
  onTestFinished(() => database.stop());
  const address = `postgres://${USER}@127.0.0.1:${database.port}/postgres`;
  const engine = { engine: 'postgres', url: address, password: database.password } as const;
  const agreement = new Agreement();
  const troubles: string[] = [];
  const servers = [1, 2].map(
    (number) =>
      new ClusterServer(
        { engine, recordsPerDump: 100_000 },
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
  const balancer = new Way(() => servers[++turn % servers.length]?.port ?? null);
  await balancer.listen();
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

  await decide();
  await database.backUp();
  await decide();
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
  await renewLog(address, (line) => told.push(line));
  expect(told).toEqual([expect.stringContaining('every topic has begun a new epoch')]);
  await startAll();
  await decide();
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
}, 180_000);
