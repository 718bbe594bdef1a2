import { PostgresServer, USER } from '../cluster/postgres.ts';
import { expect, test as lab } from './harness/lab.ts';

const test = lab.extend({
  /** A database that both servers share, with a synchronous standby. */
  // biome-ignore lint/correctness/noEmptyPattern: Playwright reads from the pattern what a fixture depends on
  logFile: async ({}, use) => {
    const primary = await PostgresServer.start();
    const standby = await primary.addSynchronousStandby();
    process.env['PGPASSWORD'] = primary.password;
    await use(`postgres://${USER}@127.0.0.1:${primary.port}/postgres`);
    delete process.env['PGPASSWORD'];
    await Promise.all([primary.stop(), standby.stop()]);
  },
});

test('two tabs and two servers on PostgreSQL: the server dies at the moment of a decision, and the other one accepts it, once', async ({
  open,
  serveApart,
  lead,
}) => {
  const other = await serveApart();
  const first = await serveApart();
  const tabs = [await open(), await open()] as const;
  for (const tab of tabs) await tab.hears('run');
  await first.hold();
  const { id, durable } = await tabs[0].decide('a', 'approved');
  expect(durable).toBe(true);
  await expect.poll(() => first.ran()).toMatchObject([{ id }]);

  lead.port = other.port;
  await first.kill();

  for (const tab of tabs) {
    await expect.poll(() => tab.settled()).toMatchObject([{ id, outcome: { status: 'accepted' } }]);
    const decided = { event: { type: 'gate', gateId: 'a', state: 'approved', by: id } };
    await expect.poll(() => tab.heard()).toMatchObject([decided]);
    expect(await tab.outbox()).toEqual([]);
    expect(await tab.errors()).toEqual([]);
  }
  expect(await other.ran()).toMatchObject([{ id }]);
});
