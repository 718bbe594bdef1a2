import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { afterEach, expect, it } from 'vitest';
import { PostgresServer } from './postgres.ts';

const servers: PostgresServer[] = [];
const own = (server: PostgresServer) => {
  servers.push(server);
  return server;
};
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.stop()));
});

it('keeps on the standby what the primary acknowledged, and is promoted when that is killed', async () => {
  const primary = own(await PostgresServer.start());
  const standby = own(await primary.addSynchronousStandby());
  await primary.query('CREATE TABLE t (n int)');
  await primary.query('INSERT INTO t VALUES (1)');
  expect(await standby.query('SELECT pg_is_in_recovery()')).toBe('t');
  primary.kill();
  await standby.promote();
  await standby.query('INSERT INTO t VALUES (2)');
  expect(await standby.query('SELECT n FROM t ORDER BY n')).toBe('1\n2');
});

it('acknowledges nothing while the standby is paused, and shows what was cancelled though it may be gone later', async () => {
  const primary = own(await PostgresServer.start());
  const standby = own(await primary.addSynchronousStandby());
  await primary.query('CREATE TABLE t (n int)');
  standby.pause();
  let answered = false;
  const insert = primary.query('INSERT INTO t VALUES (1)').finally(() => {
    answered = true;
  });
  const waiting = "SELECT pid FROM pg_stat_activity WHERE wait_event = 'SyncRep'";
  await expect.poll(() => primary.query(waiting), { timeout: 10_000 }).not.toBe('');
  expect(answered).toBe(false);
  expect(await primary.query('SELECT n FROM t')).toBe('');
  await primary.query(`SELECT pg_cancel_backend(${await primary.query(waiting)})`);
  await insert;
  expect(await primary.query('SELECT n FROM t')).toBe('1');
  standby.resume();
  await primary.query('INSERT INTO t VALUES (2)');
  await expect.poll(() => standby.query('SELECT n FROM t ORDER BY n')).toBe('1\n2');
});

it('ends a paused server along with its folder', async () => {
  const server = await PostgresServer.start();
  server.pause();
  await server.stop();
  await expect(server.query('SELECT 1')).rejects.toThrow('Connection refused');
});

it('starts a killed server again with what it had, and a promoted one with a standby of its own', async () => {
  const primary = own(await PostgresServer.start());
  await primary.query('CREATE TABLE t (n int)');
  primary.kill();
  await primary.restart();
  await primary.query('INSERT INTO t VALUES (1)');
  const standby = own(await primary.addSynchronousStandby());
  await primary.stop();
  await standby.promote();
  const second = own(await standby.addSynchronousStandby());
  await standby.query('INSERT INTO t VALUES (2)');
  standby.kill();
  await second.promote();
  await second.query('INSERT INTO t VALUES (3)');
  expect(await second.query('SELECT n FROM t ORDER BY n')).toBe('1\n2\n3');
});

it('leaves neither a process nor a folder of a server whose test was killed, paused as it was', async () => {
  const script = `
    import { PostgresServer } from ${JSON.stringify(import.meta.resolve('./postgres.ts'))};
    const server = await PostgresServer.start();
    server.pause();
    console.log(server.folder, server.pid);
    process.kill(process.pid, 'SIGKILL');
  `;
  const { stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' });
  const [folder = '', pid = ''] = stdout.trim().split(' ');
  expect(folder).toContain('trunkline-postgres-');
  await expect.poll(() => existsSync(folder) || existsSync(`/proc/${pid}`)).toBe(false);
});
