/** The set-up of docs/cluster.md, from its files: what it says about them is so. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, it, onTestFinished, vi } from 'vitest';
import { findHaproxy } from '../../scripts/haproxy.ts';
import { lastingPort } from '../../testing/network/lasting-port.ts';
import { filesOf } from '../package/support/code-blocks.ts';
import { asOwner, binaries, OWNER } from './postgres.ts';
import { ClusterClient, Time } from './run/clients.ts';
import { ServerProcess } from './server-process.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const PASSWORD = 'secret';
const ORIGIN = 'https://app.example';
/** On one machine, what the document has on several. */
const LONG_MS = 60_000;
const FILES = {
  'protocol.ts': "export { protocol } from '../../../test/cluster/run/protocol.ts';\n",
  'commands.ts': `export const commands = {
  decide: ({ client, n }, { topic, publish }) => publish(topic, { type: 'ran', client, n }),
};
`,
};

const files = filesOf('docs/cluster.md');

/** What the document says, with each of these replaced, which has to be in it. */
function adapted(name: string, changes: Readonly<Record<string, string>>): string {
  let text = files.get(name) ?? '';
  for (const [before, after] of Object.entries(changes)) {
    if (!text.includes(before)) throw new Error(`${name} of the document has no ${JSON.stringify(before)}`);
    text = text.replaceAll(before, after);
  }
  return text;
}

/** A PostgreSQL in a folder of its own, as Debian's package makes one: by default nobody comes in but by its socket. */
class Database {
  readonly port: number;
  readonly process: ServerProcess;

  constructor(port: number) {
    this.port = port;
    const command = (folder: string) => [join(binaries(), 'postgres'), '-D', join(folder, 'data')];
    this.process = new ServerProcess('setup', command, OWNER);
    onTestFinished(() => this.process.stop());
  }

  get data(): string {
    return join(this.process.folder, 'data');
  }

  configure(): void {
    const { folder } = this.process;
    const own = `port = ${this.port}\nunix_socket_directories = '${folder}'\nfsync = off\n`;
    const named = adapted('postgresql.conf', { "'*'": "'127.0.0.1'" });
    appendFileSync(join(this.data, 'postgresql.conf'), `${named}${own}`);
    const local = 'local  all  postgres  trust\n';
    writeFileSync(
      join(this.data, 'pg_hba.conf'),
      `${local}${adapted('pg_hba.conf', { '10.0.0.0/24': '127.0.0.0/8' })}`,
    );
  }

  async start(): Promise<void> {
    await this.process.launch();
    await vi.waitFor(() => this.run('SELECT 1'), { timeout: LONG_MS, interval: 100 });
  }

  async run(sql: string): Promise<string> {
    const child = spawn(
      join(binaries(), 'psql'),
      [
        '-XAtq',
        '-v',
        'ON_ERROR_STOP=1',
        '-h',
        this.process.folder,
        '-p',
        String(this.port),
        '-U',
        'postgres',
      ],
      { ...OWNER, cwd: '/', stdio: ['pipe', 'pipe', 'pipe'] },
    );
    child.stdin.end(sql);
    const output = (await child.stdout.setEncoding('utf8').toArray()).join('');
    if (child.exitCode === null) await once(child, 'exit');
    if (child.exitCode !== 0) throw new Error(`psql: ${sql}`);
    return output.trim();
  }
}

async function primary(): Promise<Database> {
  const database = new Database(await lastingPort());
  const options = ['-U', 'postgres', '-E', 'UTF8', '--locale=C', '--no-sync'];
  await asOwner('initdb', ['-D', database.data, ...options]);
  database.configure();
  await database.start();
  await database.run(adapted('roles.sql', { '…': PASSWORD }));
  return database;
}

async function standbyOf(source: Database): Promise<Database> {
  const database = new Database(await lastingPort());
  const script = adapted('standby.sh', {
    '/var/lib/postgresql/15/main': database.data,
    'host=db-1': `host=127.0.0.1 port=${source.port}`,
  });
  const env = { ...process.env, PATH: `${binaries()}:${process.env['PATH']}`, PGPASSWORD: PASSWORD };
  const child = spawn('sh', ['-ec', script], { ...OWNER, cwd: '/', env, stdio: 'inherit' });
  const [status] = await once(child, 'exit');
  expect(status).toBe(0);
  database.configure();
  await database.start();
  await source.run(files.get('wait.sql') ?? '');
  await vi.waitFor(
    async () => expect(await source.run('SELECT sync_state FROM pg_stat_replication')).toBe('sync'),
    { timeout: LONG_MS, interval: 100 },
  );
  return database;
}

class AppServer {
  readonly port: number;
  readonly #folder: string;
  #process: ChildProcess | null = null;

  constructor(port: number, databases: readonly Database[]) {
    this.port = port;
    // Within the repository, whose package it imports by its name.
    mkdirSync(join(ROOT, '.tmp'), { recursive: true });
    this.#folder = mkdtempSync(join(ROOT, '.tmp/setup-'));
    onTestFinished(() => rmSync(this.#folder, { recursive: true }));
    const text = adapted('server.ts', {
      'db-1:5432,db-2:5432': databases.map((database) => `127.0.0.1:${database.port}`).join(','),
      '/var/lib/app/projection.db': join(this.#folder, 'projection.db'),
      '(8080)': `(${port}, '127.0.0.1')`,
      'spreadMs: 30_000': 'spreadMs: 3_000',
    });
    for (const [name, content] of Object.entries({ ...FILES, 'server.ts': text })) {
      writeFileSync(join(this.#folder, name), content.replaceAll('../../../', `${ROOT}/`));
    }
    onTestFinished(async () => {
      await this.end('SIGKILL');
    });
  }

  start(): void {
    this.#process = spawn(process.execPath, [join(this.#folder, 'server.ts')], {
      env: { ...process.env, PGPASSWORD: PASSWORD },
      stdio: 'inherit',
    });
  }

  async health(): Promise<string> {
    return await fetch(`http://127.0.0.1:${this.port}/readyz`).then(
      async (response) => await response.text(),
      () => 'none',
    );
  }

  /** Resolves with the exit status. */
  async end(signal: 'SIGKILL' | 'SIGTERM'): Promise<number | null> {
    const child = this.#process;
    this.#process = null;
    if (!child || child.exitCode !== null || child.signalCode !== null) return null;
    const exited = once(child, 'exit');
    child.kill(signal);
    await exited;
    return child.exitCode;
  }
}

async function balancerOf(servers: readonly AppServer[]): Promise<number> {
  const binary = findHaproxy();
  if (binary === null) throw new Error('no haproxy here: node scripts/ensure-haproxy.ts');
  const port = await lastingPort();
  const text = adapted('haproxy.cfg', {
    'bind :80': `bind 127.0.0.1:${port}`,
    'app-1:8080': `127.0.0.1:${servers[0]?.port}`,
    'app-2:8080': `127.0.0.1:${servers[1]?.port}`,
  });
  const haproxy = new ServerProcess('haproxy', (folder) => {
    const file = join(folder, 'haproxy.cfg');
    writeFileSync(file, text);
    return [binary, '-db', '-f', file];
  });
  onTestFinished(() => haproxy.stop());
  await haproxy.launch();
  return port;
}

it('lets clients go on when a server is killed, when the standby takes the place of the primary, and in a deploy', async () => {
  const db1 = await primary();
  const db2 = await standbyOf(db1);
  const [app1, app2] = [
    new AppServer(await lastingPort(), [db1, db2]),
    new AppServer(await lastingPort(), [db1, db2]),
  ];
  app1.start();
  app2.start();
  const areReady = async () =>
    expect(await Promise.all([app1.health(), app2.health()])).toEqual(['ready', 'ready']);
  await vi.waitFor(areReady, { timeout: LONG_MS, interval: 100 });
  const port = await balancerOf([app1, app2]);

  const time = new Time();
  onTestFinished(() => time.stop());
  const person = { principal: 'anonymous', origin: ORIGIN };
  const clients = [0, 1, 2, 3].map(
    (number) => new ClusterClient(number, time.clock, `ws://127.0.0.1:${port}/ws`, person),
  );
  for (const client of clients) client.open();
  onTestFinished(() => {
    for (const client of clients) client.close();
  });
  let n = 0;
  /** Each of them decides, is answered, and hears of what is decided on its topics. */
  const goOn = async () => {
    for (const client of clients) client.decide(n++);
    await vi.waitFor(
      () => {
        expect(clients.map((client) => client.waiting)).toEqual(clients.map(() => 0));
        expect(clients.map((client) => client.isCurrent())).toEqual(clients.map(() => true));
      },
      { timeout: LONG_MS, interval: 50 },
    );
    expect(clients.flatMap(({ refusals, errors }) => [...refusals, ...errors])).toEqual([]);
  };
  const took = async (what: string, act: () => Promise<unknown>) => {
    const began = performance.now();
    await act();
    await goOn();
    console.log(
      `${what}: all ${clients.length} clients had gone on after ${Math.round(performance.now() - began)} ms`,
    );
  };
  await took('the first decisions', async () => {});

  await took('a server is killed', async () => await app1.end('SIGKILL'));
  app1.start();
  await vi.waitFor(areReady, { timeout: LONG_MS, interval: 100 });

  await took('the primary is killed, and the standby promoted', async () => {
    db1.process.signal('SIGKILL');
    await db2.run(files.get('promote.sql') ?? '');
  });

  await took('a server ends in order', async () => {
    expect(await app2.end('SIGTERM')).toBe(0);
  });

  // Nothing twice, whatever was sent again.
  const places = clients.map(({ heard }) => heard.flat().map(({ topic, offset }) => `${topic} ${offset}`));
  for (const heard of places) expect(new Set(heard).size).toBe(heard.length);
}, 180_000);
