/**
 * A real PostgreSQL of a test's own: a folder that it makes, loopback, a port that was free, passwords by SCRAM. What the
 * machine runs already is never touched.
 */
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { findPostgres } from '../../scripts/postgres.ts';
import { lastingPort } from '../../testing/network/lasting-port.ts';
import { giveAway, type Identity, ServerProcess } from './server-process.ts';

const run = promisify(execFile);

export const USER = 'trunkline';
/** PostgreSQL refuses to run as root, which starts it as `nobody`. */
export const OWNER: Identity = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {};
/** Processes are killed here, not the machine: what was written is there afterwards, on the disk or not yet. */
const SMALL = "fsync = off\nshared_buffers = '16MB'\n";
const START_MS = 30_000;

export class PostgresServer {
  readonly port: number;
  readonly password: string;
  readonly #process: ServerProcess;

  private constructor(port: number, password: string) {
    this.port = port;
    this.password = password;
    const command = (folder: string) => [join(binaries(), 'postgres'), '-D', join(folder, 'data')];
    this.#process = new ServerProcess('postgres', command, OWNER);
  }

  /** A new server that holds nothing. */
  static async start(): Promise<PostgresServer> {
    return await PostgresServer.#make(randomBytes(16).toString('hex'), async (server) => {
      const secret = join(server.folder, 'password');
      writeFileSync(secret, server.password, { mode: 0o600 });
      giveAway(secret, OWNER);
      await asOwner('initdb', [
        ...['-D', server.#data, '-U', USER, '--auth=scram-sha-256', `--pwfile=${secret}`],
        ...['-E', 'UTF8', '--locale=C', '--no-sync'],
      ]);
    });
  }

  /**
   * A new standby of this server, for which every commit waits from now on: none is acknowledged without it.
   */
  async addSynchronousStandby(): Promise<PostgresServer> {
    const standby = await PostgresServer.#make(this.password, async (made) => {
      const source = `host=127.0.0.1 port=${this.port} user=${USER} password=${this.password} application_name=standby`;
      await asOwner('pg_basebackup', ['-D', made.#data, '-d', source, '-R', '-c', 'fast', '--no-sync']);
    });
    await this.query("ALTER SYSTEM SET synchronous_standby_names = 'standby'");
    await this.query('SELECT pg_reload_conf()');
    await until(async () => {
      const waits =
        "SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync' AND state = 'streaming'";
      return (await this.query(waits)) === '1';
    });
    return standby;
  }

  /** Runs a statement on a connection of its own; what it returns, one row a line, columns parted by `|`. */
  async query(statement: string): Promise<string> {
    const { stdout } = await run(
      join(binaries(), 'psql'),
      [...['-h', '127.0.0.1', '-p', String(this.port), '-U', USER, '-d', 'postgres'], '-XAtqc', statement],
      { env: { ...process.env, PGPASSWORD: this.password, PGCONNECT_TIMEOUT: '5' } },
    );
    return stdout.trimEnd();
  }

  /** From now on what it acknowledges is on its disk. */
  async flush(): Promise<void> {
    await this.query('ALTER SYSTEM SET fsync = on');
    await this.query('SELECT pg_reload_conf()');
  }

  /** Ends the server's processes abruptly; `restart` brings it back with what it had. */
  kill(): void {
    this.#process.signal('SIGKILL');
  }

  /** Starts it once more, after `kill`. */
  async restart(): Promise<void> {
    await this.#launch();
  }

  /** Ends it abruptly, and keeps a copy of what it holds; it is started again. */
  async backUp(): Promise<void> {
    await this.#whileEnded(['cp', '-a', this.#data, join(this.folder, 'backup')]);
  }

  /** Ends it abruptly, and has it hold what it held when it was backed up; it is started again. */
  async restore(): Promise<void> {
    await this.#whileEnded([
      'sh',
      '-c',
      'rm -r "$0" && cp -a "$1" "$0"',
      this.#data,
      join(this.folder, 'backup'),
    ]);
  }

  /** Halts all of its processes: connections stay open, nothing is answered. */
  pause(): void {
    this.#process.signal('SIGSTOP');
  }

  resume(): void {
    this.#process.signal('SIGCONT');
  }

  /** Makes a primary of a standby, which waits for no other. */
  async promote(): Promise<void> {
    await this.query('ALTER SYSTEM RESET synchronous_standby_names');
    await this.query('SELECT pg_reload_conf()');
    await this.query('SELECT pg_promote()');
  }

  /** Ends the server, whatever state it is in, and takes its folder away. */
  async stop(): Promise<void> {
    await this.#process.stop();
  }

  static async #make(
    password: string,
    fill: (server: PostgresServer) => Promise<void>,
  ): Promise<PostgresServer> {
    const server = new PostgresServer(await lastingPort(), password);
    try {
      await fill(server);
      appendFileSync(
        join(server.#data, 'postgresql.auto.conf'),
        `listen_addresses = '127.0.0.1'\nport = ${server.port}\nunix_socket_directories = ''\n${SMALL}`,
      );
      await server.#launch();
      return server;
    } catch (error) {
      await server.stop();
      throw error;
    }
  }

  async #whileEnded([command = '', ...args]: readonly string[]): Promise<void> {
    this.kill();
    // Until it is ended it may be writing; what is left of it then waits for the next start.
    await until(async () => readFileSync(`/proc/${this.pid}/stat`, 'utf8').includes(') Z'));
    await run(command, args, { ...OWNER, cwd: '/' });
    await this.restart();
  }

  get folder(): string {
    return this.#process.folder;
  }

  get pid(): number {
    return this.#process.pid;
  }

  get #data(): string {
    return join(this.folder, 'data');
  }

  async #launch(): Promise<void> {
    await this.#process.launch();
    const answers = async () => (await this.query('SELECT 1').catch(() => '')) === '1';
    await until(answers).catch((error) => {
      throw new Error(`PostgreSQL did not start: ${this.#process.log}`, { cause: error });
    });
  }
}

export function binaries(): string {
  const found = findPostgres();
  if (found === null) throw new Error('no PostgreSQL here: node scripts/ensure-postgres.ts');
  return found;
}

export async function asOwner(command: string, args: readonly string[]): Promise<void> {
  await run(join(binaries(), command), args, { ...OWNER, cwd: '/' });
}

async function until(holds: () => Promise<boolean>): Promise<void> {
  const end = Date.now() + START_MS;
  while (!(await holds())) {
    if (Date.now() > end) throw new Error(`not so within ${START_MS} ms`);
    await delay(50);
  }
}
