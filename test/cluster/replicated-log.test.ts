/** Servers' logs on a real primary with a synchronous standby: nothing that was answered is lost, twice, or otherwise elsewhere. */
import { afterEach, expect, it } from 'vitest';
import type { EventLog } from '../../src/server/log/event-log.ts';
import { MemoryProjection } from '../../src/server/log/memory-projection.ts';
import { postgresEngine } from '../../src/server/postgres/index.ts';
import { type ReplicatedLogOptions, replicatedLog } from '../../src/server/replicated/replicated-log.ts';
import { PostgresServer, USER } from './postgres.ts';

const TOPICS = ['t0', 't1', 't2'];
const ANN = { principal: 'ann', clientId: 'of ann' };
const ending: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const end of ending.splice(0).reverse()) await end();
});

interface Server {
  readonly log: EventLog;
  readonly projection: MemoryProjection;
  readonly run: string;
}

async function serve(
  servers: readonly PostgresServer[],
  options: Partial<ReplicatedLogOptions> = {},
): Promise<Server> {
  const hosts = servers.map(({ port }) => `127.0.0.1:${port}`).join(',');
  const password = servers[0]?.password ?? '';
  const engine = postgresEngine({ url: `postgres://${USER}@${hosts}/postgres`, password, timeoutMs: 20_000 });
  const projection = new MemoryProjection();
  const log = replicatedLog({ engine, projection, ...options });
  ending.push(() => log.close());
  const { run } = await log.open({ now: Date.now(), tailLimit: 10 });
  return { log, projection, run };
}

it('answers each command once, in one order on all servers, while the primary dies and the standby is promoted', async () => {
  const primary = await PostgresServer.start();
  ending.push(() => primary.stop());
  const standby = await primary.addSynchronousStandby();
  ending.push(() => standby.stop());
  const servers = await Promise.all([1, 2, 3].map(() => serve([primary, standby])));
  const answered = new Set<string>();
  let isOver = false;
  const write = async ({ log, run }: Server, name: string) => {
    for (let i = 0; !isOver; i++) {
      const id = `${name}-${i}`;
      const event = { topic: TOPICS[i % 3] ?? '', key: null, gone: false, critical: false, owedBy: [] };
      const [committed] = await log.commit(
        [
          {
            command: { ...ANN, id, run, result: null },
            events: [{ ...event, event: JSON.stringify({ id }) }],
          },
        ],
        Date.now(),
      );
      expect(committed?.status).toBe('committed');
      answered.add(id);
    }
  };
  const writers = servers.flatMap((server, s) => [0, 1, 2].map((w) => write(server, `${s}-${w}`)));
  await expect.poll(() => answered.size).toBeGreaterThan(300);
  primary.kill();
  await standby.promote();
  const before = answered.size;
  await expect.poll(() => answered.size).toBeGreaterThan(before + 300);
  isOver = true;
  await Promise.all(writers);
  servers.push(await serve([standby]));
  await expect
    .poll(() => new Set(servers.map(({ projection }) => projection.position)).size, { timeout: 30_000 })
    .toBe(1);
  const [first = [], ...others] = servers.map(({ projection }) => [...projection.dump()]);
  for (const dump of others) expect(dump).toEqual(first);
  const found: string[] = [];
  for (const topic of TOPICS) {
    const events = await servers[0]?.log.read(topic, { after: 0 }, { first: 100_000 });
    for (const { event } of events?.events ?? []) found.push(JSON.parse(event).id);
  }
  expect(found.sort()).toEqual([...answered].sort());
});

it('does not start from a dump that is not what was written, but from the one before it, and says so', async () => {
  const database = await PostgresServer.start();
  ending.push(() => database.stop());
  const one = await serve([database], { recordsPerDump: 10 });
  const event = { topic: 't', key: null, gone: false, critical: false, owedBy: [] };
  const dumps = () => database.query('SELECT position FROM trunkline.dump ORDER BY position');
  const publishUntil = async (position: number) => {
    while (one.projection.position < position)
      await one.log.commit([{ command: null, events: [{ ...event, event: '"as it was"' }] }], Date.now());
  };
  for (const position of [10, 20]) {
    await publishUntil(position);
    await expect.poll(dumps).toContain(String(position));
  }
  await database.query(
    `UPDATE trunkline.part SET text = convert_to(replace(convert_from(text, 'UTF8'), 'as it was', 'as it is'), 'UTF8')
     WHERE position = 20`,
  );
  const troubles: unknown[] = [];
  const other = await serve([database], { recordsPerDump: 10, onTrouble: (error) => troubles.push(error) });
  expect(troubles).toEqual([expect.objectContaining({ message: expect.stringContaining('checksum') })]);
  await expect.poll(() => one.projection.position).toBe(other.projection.position);
  expect([...other.projection.dump()]).toEqual([...one.projection.dump()]);
});

it('lets one of those win who expect the same of a key on several servers at a time', async () => {
  const primary = await PostgresServer.start();
  ending.push(() => primary.stop());
  const servers = await Promise.all([1, 2, 3].map(() => serve([primary])));
  const statuses: (string | undefined)[] = [];
  const count = async ({ log, run }: Server, name: string) => {
    for (let i = 0; i < 30; i++) {
      const newest = await log.latest('t', 'count');
      const n = newest === null ? 1 : JSON.parse(newest.event).n + 1;
      const [committed] = await log.commit(
        [
          {
            command: { ...ANN, id: `${name}-${i}`, run, result: null },
            events: [
              { topic: 't', key: 'count', gone: false, critical: false, owedBy: [], event: `{"n":${n}}` },
            ],
            expects: [{ topic: 't', key: 'count', offset: newest?.offset ?? 0 }],
          },
        ],
        Date.now(),
      );
      statuses.push(committed?.status);
    }
  };
  await Promise.all(servers.flatMap((server, s) => [0, 1].map((w) => count(server, `${s}-${w}`))));
  const won = statuses.filter((status) => status === 'committed').length;
  expect(statuses.length - won).toBe(statuses.filter((status) => status === 'unexpected').length);
  expect(won).toBeLessThan(statuses.length);
  for (const { log } of servers)
    await expect.poll(async () => (await log.latest('t', 'count'))?.event).toBe(`{"n":${won}}`);
});
