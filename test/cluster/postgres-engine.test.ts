/** The engine on a real primary with a synchronous standby: what every engine must do, and what becomes of it where they fail. */
import { execFileSync } from 'node:child_process';
import { chownSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type PostgresEngineOptions, postgresEngine } from '../../src/server/postgres/index.ts';
import type { Engine, LogRecord } from '../../src/server/replicated/engine.ts';
import { engineConformance } from '../conformance/engine.ts';
import { PostgresServer, USER } from './postgres.ts';

let primary: PostgresServer;
let standby: PostgresServer;
const pair = async () => {
  primary = await PostgresServer.start();
  standby = await primary.addSynchronousStandby();
};
const endPair = async () => {
  await Promise.all([primary.stop(), standby.stop()]);
};
const engines: Engine[] = [];
const followings: { stop(): Promise<void> }[] = [];
afterEach(async () => {
  await Promise.all(followings.splice(0).map((following) => following.stop()));
  await Promise.all(engines.splice(0).map((engine) => engine.close()));
});

let schemas = 0;
const nextSchema = () => `log_${++schemas}`;
const open = (options: Partial<PostgresEngineOptions> & { schema: string }, ...servers: PostgresServer[]) => {
  const asked = servers.length === 0 ? [primary, standby] : servers;
  const hosts = asked.map(({ port }) => `127.0.0.1:${port}`).join(',');
  const url = `postgres://${USER}@${hosts}/postgres`;
  const engine = postgresEngine({ url, password: primary.password, ...options });
  engines.push(engine);
  return engine;
};
const followed = (engine: Engine) => {
  const heard: LogRecord[] = [];
  const troubles: unknown[] = [];
  followings.push(
    engine.follow(
      1,
      async (records) => {
        heard.push(...records);
      },
      (error) => troubles.push(error),
    ),
  );
  return { heard, troubles, texts: () => heard.map(({ text }) => text) };
};
const waiting = () => primary.query("SELECT pid FROM pg_stat_activity WHERE wait_event = 'SyncRep' LIMIT 1");
const stored = (server: PostgresServer, schema: string) =>
  server.query(`SELECT convert_from(text, 'UTF8') FROM ${schema}.record ORDER BY position`);
const cutAll =
  "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = 'trunkline'";

describe('on a primary whose standby follows', () => {
  beforeAll(pair);
  afterAll(endPair);

  engineConformance('the engine on PostgreSQL', {
    async create() {
      const schema = nextSchema();
      return {
        open: async () => open({ schema, maxBytes: 2_000_000 }),
        halt: () => primary.pause(),
        goOn: () => primary.resume(),
        losePart: async (position) => {
          await primary.query(`DELETE FROM ${schema}.part WHERE position = ${position} AND number = 2`);
        },
        cut: async () => {
          await primary.query(cutAll);
        },
      };
    },
  });

  it('acknowledges nothing, and lets nobody read or hear it, before the standby has it', async () => {
    const schema = nextSchema();
    const [one, other] = [open({ schema }), open({ schema })];
    const { texts } = followed(other);
    await one.append('a');
    await expect.poll(texts).toEqual(['a']);
    standby.pause();
    const states: string[] = [];
    const append = one.append('b').then(({ position }) => states.push(`appended ${position}`));
    await expect.poll(waiting).not.toBe('');
    const newest = other.newest().then((position) => states.push(`newest ${position}`));
    expect(await other.read(1, 10)).toMatchObject({ records: [{ text: 'a' }], newest: 1 });
    expect(states).toEqual([]);
    expect(texts()).toEqual(['a']);
    standby.resume();
    await Promise.all([append, newest]);
    expect(states).toContain('appended 2');
    await expect.poll(texts).toEqual(['a', 'b']);
  });

  it.each([
    ['cancelled', 'pg_cancel_backend'],
    ['cut', 'pg_terminate_backend'],
  ])(
    'does not know what becomes of an append whose wait for the standby was %s, nor hands it on',
    async (_, end) => {
      const schema = nextSchema();
      const [one, other] = [open({ schema }), open({ schema })];
      const { texts } = followed(other);
      await one.append('a');
      await expect.poll(texts).toEqual(['a']);
      standby.pause();
      const unknown = expect(one.append('b')).rejects.toMatchObject({ reason: 'unknown' });
      await expect.poll(waiting).not.toBe('');
      await primary.query(`SELECT ${end}(${await waiting()})`);
      await unknown;
      // It is there to see, and may yet be gone.
      await expect.poll(() => stored(primary, schema)).toBe('a\nb');
      expect((await other.read(1, 10)).records).toHaveLength(1);
      // Time for who follows to look, to find it, and to try to prove it.
      await expect.poll(waiting).not.toBe('');
      expect(texts()).toEqual(['a']);
      standby.resume();
      await expect.poll(texts).toEqual(['a', 'b']);
      expect(await other.newest()).toBe(2);
    },
  );

  it('gives up a primary that does not answer in time, and goes on when it does', async () => {
    const schema = nextSchema();
    const engine = open({ schema, timeoutMs: 1_000 });
    const { texts, troubles } = followed(engine);
    await engine.append('a');
    primary.pause();
    await expect(engine.append('b')).rejects.toMatchObject({ reason: 'unknown' });
    await expect(engine.append('c')).rejects.toMatchObject({ reason: 'refused' });
    primary.resume();
    await expect
      .poll(() =>
        engine.append('d').then(
          () => true,
          () => false,
        ),
      )
      .toBe(true);
    await expect.poll(() => texts().at(-1)).toBe('d');
    await expect.poll(() => troubles.at(-1)).toBe(null);
    expect(texts()).not.toContain('c');
  });

  it('leaves no process of the server waiting for its standby on behalf of who has given up', async () => {
    const schema = nextSchema();
    const engine = open({ schema, timeoutMs: 1_000 });
    await engine.append('a');
    standby.pause();
    await expect(engine.append('b')).rejects.toMatchObject({ reason: 'unknown' });
    await engine.close();
    await expect.poll(waiting).toBe('');
    standby.resume();
  });

  it('tells the time at which an append had the lock, and never one before', async () => {
    const schema = nextSchema();
    const engine = open({ schema });
    await engine.append('a');
    const lock = `BEGIN; UPDATE ${schema}.head SET time = time; SELECT pg_sleep(1); SELECT extract(epoch FROM clock_timestamp()) * 1000; COMMIT`;
    const held = primary.query(lock);
    await expect
      .poll(() => primary.query("SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'"))
      .toBe('1');
    const { time } = await engine.append('b');
    expect(time).toBeGreaterThanOrEqual(Math.floor(Number((await held).trim())));
    const ahead = time + 86_400_000;
    await primary.query(`UPDATE ${schema}.head SET time = ${ahead}`);
    expect(await engine.append('c')).toEqual({ position: 3, time: ahead });
  });

  it('does not wait for another append for ever, and is then refused for certain', async () => {
    const schema = nextSchema();
    const engine = open({ schema, timeoutMs: 2_000 });
    await engine.append('a');
    const held = primary.query(`BEGIN; UPDATE ${schema}.head SET time = time; SELECT pg_sleep(3); COMMIT`);
    await expect
      .poll(() => primary.query("SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'"))
      .toBe('1');
    await expect(engine.append('b')).rejects.toMatchObject({ reason: 'refused' });
    await held;
    expect(await engine.append('c')).toMatchObject({ position: 2 });
  });

  it('holds its promise for a role without rights to make anything, whatever is set for it', async () => {
    const schema = nextSchema();
    await open({ schema }).newest();
    await primary.query(`CREATE ROLE ${schema} LOGIN PASSWORD '${primary.password}';
      GRANT USAGE ON SCHEMA ${schema} TO ${schema};
      GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA ${schema} TO ${schema};
      ALTER ROLE ${schema} SET synchronous_commit = off;
      ALTER ROLE ${schema} SET default_transaction_isolation = 'serializable';
      ALTER ROLE ${schema} SET bytea_output = 'escape';
      ALTER ROLE ${schema} SET statement_timeout = '300ms'`);
    const url = `postgres://${schema}@127.0.0.1:${primary.port}/postgres`;
    const [one, other] = [open({ schema, url }), open({ schema, url })];
    const { texts } = followed(other);
    await Promise.all([one.append('a'), other.append('b')]);
    standby.pause();
    let appended = false;
    const append = one.append('ä\0').then(() => {
      appended = true;
    });
    await expect.poll(waiting).not.toBe('');
    await new Promise((done) => setTimeout(done, 500));
    expect(appended).toBe(false);
    standby.resume();
    await append;
    await expect.poll(() => texts().toSorted()).toEqual(['a', 'b', 'ä\0']);
    await one.trim(3);
    expect((await one.read(1, 10)).oldest).toBe(3);
  });

  it('speaks by TLS, and only to a server that it trusts, where it is told to', async () => {
    const [key, certificate] = ['server.key', 'server.crt'].map((name) => join(primary.folder, 'data', name));
    execFileSync('openssl', [
      ...[
        'req',
        '-x509',
        '-nodes',
        '-newkey',
        'ec',
        '-pkeyopt',
        'ec_paramgen_curve:prime256v1',
        '-days',
        '2',
      ],
      ...['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost'],
      ...['-keyout', String(key), '-out', String(certificate)],
    ]);
    const { uid, gid } = statSync(join(primary.folder, 'data'));
    chownSync(String(key), uid, gid);
    await primary.query('ALTER SYSTEM SET ssl = on');
    await primary.query('SELECT pg_reload_conf()');
    const schema = nextSchema();
    const url = `postgres://${USER}@localhost:${primary.port}/postgres`;
    const trusting = open({ schema, url, tls: { ca: readFileSync(String(certificate)) } });
    expect(await trusting.append('a')).toMatchObject({ position: 1 });
    expect(
      await primary.query(
        "SELECT bool_and(ssl) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE application_name = 'trunkline'",
      ),
    ).toBe('t');
    const distrustful = open({ schema, url, tls: true, timeoutMs: 2_000 });
    await expect(distrustful.newest()).rejects.toMatchObject({
      cause: { message: expect.stringMatching(/self.signed certificate/) },
    });
    await primary.query('ALTER SYSTEM RESET ssl');
    await primary.query('SELECT pg_reload_conf()');
  });

  it('never tells the password', async () => {
    const secret = 'VerySecret/1';
    const failures: unknown[] = [];
    const schema = nextSchema();
    const encoded = encodeURIComponent(secret);
    const ask = (url: string, password?: string) =>
      open({ schema, url, timeoutMs: 1_000, ...(password === undefined ? {} : { password }) })
        .newest()
        .catch((error) => failures.push(error));
    const wrong = [
      `postgres://${USER}:${secret}@127.0.0.1/postgres`,
      `postgres://${USER}:x@${secret}@127.0.0.1/postgres`,
      `postgres://${USER}:${encoded}@127.0.0.1:port/postgres`,
      `postgres://${USER}:%E0${encoded}@127.0.0.1/postgres`,
    ];
    for (const url of wrong) {
      try {
        postgresEngine({ url });
      } catch (error) {
        failures.push(error);
      }
    }
    await ask(`postgres://${USER}@127.0.0.1:${primary.port}/postgres`, secret);
    await ask(`postgres://${USER}@127.0.0.1:1,127.0.0.1:2/postgres`, secret);
    await ask(`postgres://${USER}@127.0.0.1:${primary.port}/nowhere`, primary.password);
    expect(failures).toHaveLength(wrong.length + 3);
    for (const failure of failures) {
      const told = inspect(failure, { depth: 20, showHidden: true });
      expect(told).not.toContain('VerySecret');
      expect(told).not.toContain(primary.password);
    }
  });

  it('says at once when there is nobody, and can be closed while it looks', async () => {
    const engine = open({ schema: nextSchema(), url: 'postgres://nobody@127.0.0.1:1/x', timeoutMs: 500 });
    await expect(engine.append('a')).rejects.toMatchObject({ reason: 'refused' });
    const pending = expect(engine.append('b')).rejects.toMatchObject({ reason: 'unknown' });
    await engine.close();
    await pending;
  });
});

describe('on a primary that dies', () => {
  beforeAll(pair);
  afterAll(endPair);

  it('loses nothing that it acknowledged and takes nothing back that was read when the standby is promoted', async () => {
    const schema = nextSchema();
    const [one, other] = [open({ schema }), open({ schema })];
    const { heard } = followed(other);
    const acknowledged = new Map<number, string>();
    let isOver = false;
    const write = async (engine: Engine, name: string) => {
      for (let i = 0; !isOver; i++) {
        await engine.append(`${name}${i}`).then(
          ({ position }) => acknowledged.set(position, `${name}${i}`),
          () => new Promise((done) => setTimeout(done, 50)),
        );
      }
    };
    const writers = [one, one, other].map((engine, i) => write(engine, `${i}-`));
    await expect.poll(() => acknowledged.size).toBeGreaterThan(200);
    primary.kill();
    await standby.promote();
    const before = acknowledged.size;
    await expect.poll(() => acknowledged.size).toBeGreaterThan(before + 200);
    isOver = true;
    await Promise.all(writers);
    const newest = await one.newest();
    await expect.poll(() => heard.length).toBe(newest);
    expect(heard.map(({ position }) => position)).toEqual(heard.map((_, i) => i + 1));
    expect(heard.map(({ time }) => time)).toEqual(heard.map(({ time }) => time).sort((a, b) => a - b));
    expect((await stored(standby, schema)).split('\n')).toEqual(heard.map(({ text }) => text));
    const lost = [...acknowledged].filter(([position, text]) => heard[position - 1]?.text !== text);
    expect(lost).toEqual([]);
  });
});

describe('on a primary that comes back beside the promoted one', () => {
  beforeAll(pair);
  afterAll(endPair);

  it('reads nothing of it that the standby never had, whose place goes to another record', async () => {
    const schema = nextSchema();
    const [one, other] = [open({ schema }), open({ schema })];
    const { texts } = followed(other);
    await one.append('a');
    await expect.poll(texts).toEqual(['a']);
    standby.kill();
    const unknown = expect(one.append('lost')).rejects.toMatchObject({ reason: 'unknown' });
    await expect.poll(waiting).not.toBe('');
    await primary.query(`SELECT pg_cancel_backend(${await waiting()})`);
    await unknown;
    expect(await stored(primary, schema)).toBe('a\nlost');
    primary.kill();
    await standby.restart();
    await standby.promote();
    await primary.restart();
    const third = open({ schema });
    const late = followed(third);
    await expect.poll(() => one.append('b').then(({ position }) => position, String)).toBe(2);
    await expect.poll(late.texts).toEqual(['a', 'b']);
    await expect.poll(texts).toEqual(['a', 'b']);
    expect(await stored(primary, schema)).toBe('a\nlost');
    // Alone, it is asked in vain: what it says it has may not be.
    const deceived = open({ schema, timeoutMs: 1_000 }, primary);
    await expect(deceived.read(1, 10)).rejects.toMatchObject({ name: 'EngineError' });
  });
});
