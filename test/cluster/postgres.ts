/**
 * A real PostgreSQL of a test's own: a folder that it makes, loopback, a port that was free, passwords by SCRAM. What the
 * machine runs already is never touched.
 *
 * Each server is the child of a shell that starts it at each line of its input, and waits for the end of that, which comes
 * with the end of this process, however it dies: the shell then ends the server and takes its folder away.
 */
import { type ChildProcessByStdio, execFile, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { appendFileSync, chownSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { findPostgres } from '../../scripts/postgres.ts';
import { lastingPort } from '../support/lasting-port.ts';

const run = promisify(execFile);

export const USER = 'trunkline';
/** PostgreSQL refuses to run as root; this is `nobody`, as which root starts it. */
const NOBODY = 65_534;
/** Processes are killed here, not the machine: what was written is there afterwards, on the disk or not yet. */
const SMALL = "fsync = off\nshared_buffers = '16MB'\n";
const START_MS = 30_000;

/** What starts a server and starts it again, and ends it along with the process that asked for it, stopped or not. */
const GUARD = `
while read -r _; do
  wait
  "$1/postgres" -D "$2/data" >>"$2/server.log" 2>&1 &
  server=$!
  echo "$server"
done
[ -n "$server" ] && [ -d "/proc/$server" ] && kill -STOP "$server" &&
  kill -KILL $(cat "/proc/$server/task/$server/children") "$server"
wait
# Whoever was killed may be writing for a moment yet.
until rm -rf "$2"; do sleep 0.1; done
`;

export class PostgresServer {
  readonly port: number;
  readonly password: string;
  readonly folder: string;
  readonly #guard: ChildProcessByStdio<Writable, Readable, null>;
  /** Of the process that all of its others are children of. */
  pid = 0;

  private constructor(port: number, password: string) {
    this.port = port;
    this.password = password;
    this.folder = mkdtempSync(join(tmpdir(), 'trunkline-postgres-'));
    giveAway(this.folder);
    this.#guard = spawn('sh', ['-c', GUARD, 'guard', binaries(), this.folder], {
      ...owner(),
      cwd: '/',
      stdio: ['pipe', 'pipe', 'ignore'],
    });
  }

  /** A new server that holds nothing. */
  static async start(): Promise<PostgresServer> {
    return await PostgresServer.#make(randomBytes(16).toString('hex'), async (server) => {
      const secret = join(server.folder, 'password');
      writeFileSync(secret, server.password, { mode: 0o600 });
      giveAway(secret);
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

  /** Ends the server's processes abruptly; `restart` brings it back with what it had. */
  kill(): void {
    this.#signal('SIGKILL');
  }

  /** Starts it once more, after `kill`. */
  async restart(): Promise<void> {
    await this.#launch();
  }

  /** Halts all of its processes: connections stay open, nothing is answered. */
  pause(): void {
    this.#signal('SIGSTOP');
  }

  resume(): void {
    this.#signal('SIGCONT');
  }

  /** Makes a primary of a standby, which waits for no other. */
  async promote(): Promise<void> {
    await this.query('ALTER SYSTEM RESET synchronous_standby_names');
    await this.query('SELECT pg_reload_conf()');
    await this.query('SELECT pg_promote()');
  }

  /** Ends the server, whatever state it is in, and takes its folder away. */
  async stop(): Promise<void> {
    if (this.#guard.exitCode !== null) return;
    const ended = once(this.#guard, 'exit');
    this.#guard.stdin.end();
    await ended;
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

  get #data(): string {
    return join(this.folder, 'data');
  }

  async #launch(): Promise<void> {
    const started = once(this.#guard.stdout, 'data');
    this.#guard.stdin.write('\n');
    const [line]: unknown[] = await started;
    this.pid = Number(String(line));
    const answers = async () => (await this.query('SELECT 1').catch(() => '')) === '1';
    await until(answers).catch((error) => {
      const log = readFileSync(join(this.folder, 'server.log'), 'utf8').slice(-2_000);
      throw new Error(`PostgreSQL did not start: ${log}`, { cause: error });
    });
  }

  /** To the server first, so that it starts no other process, then to its children. */
  #signal(signal: NodeJS.Signals): void {
    const pid = this.pid;
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean);
    for (const each of [pid, ...children.map(Number)]) {
      try {
        process.kill(each, signal);
      } catch (error) {
        if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
      }
    }
  }
}

function binaries(): string {
  const found = findPostgres();
  if (found === null) throw new Error('no PostgreSQL here: node scripts/ensure-postgres.ts');
  return found;
}

function owner(): { uid?: number; gid?: number } {
  return process.getuid?.() === 0 ? { uid: NOBODY, gid: NOBODY } : {};
}

function giveAway(path: string): void {
  const { uid, gid } = owner();
  if (uid !== undefined && gid !== undefined) chownSync(path, uid, gid);
}

async function asOwner(command: string, args: readonly string[]): Promise<void> {
  await run(join(binaries(), command), args, { ...owner(), cwd: '/' });
}

async function until(holds: () => Promise<boolean>): Promise<void> {
  const end = Date.now() + START_MS;
  while (!(await holds())) {
    if (Date.now() > end) throw new Error(`not so within ${START_MS} ms`);
    await delay(50);
  }
}
