/**
 * One connection to one server, which never becomes another one: whoever holds it knows that all of its answers came from
 * the same server. It ends with the first answer that does not come in time.
 */
import { connect, type Socket } from 'node:net';
import type { ConnectionOptions } from 'node:tls';
import postgres from 'postgres';
import type { Server } from './address.ts';

export interface SessionOptions {
  readonly server: Server;
  readonly user: string;
  readonly password: string | (() => string | Promise<string>) | null;
  readonly database: string;
  readonly tls: boolean | ConnectionOptions;
  readonly timeoutMs: number;
  /** Aborted, it ends what is being opened. */
  readonly closing: AbortSignal;
}

export interface SessionListener {
  /** Once, however it ends. */
  ended(): void;
  notified?(): void;
}

/** A statement succeeded, and the server said meanwhile that this may not be so: a wait for its standby was cancelled or cut. */
export class DoubtError extends Error {
  override readonly name = 'DoubtError';
}

/** How long a server may take to close a connection. */
const LEAVE_MS = 1_000;

/**
 * What a database or role may have set otherwise, without which nothing here holds. `statement_timeout` does not end the wait
 * for a standby, but the statement after it. Notices are not sent, so that what comes is a warning.
 */
const settings = (lockTimeoutMs: number) =>
  Object.entries({
    synchronous_commit: 'on',
    default_transaction_isolation: 'read\\ committed',
    statement_timeout: 0,
    idle_session_timeout: 0,
    lock_timeout: lockTimeoutMs,
    client_min_messages: 'warning',
    bytea_output: 'hex',
    jit: 'off',
  })
    .map(([name, value]) => `-c ${name}=${value}`)
    .join(' ');

export class Session {
  /** Of the process that serves it. */
  pid = 0;
  readonly #sql: postgres.Sql;
  readonly #timeoutMs: number;
  readonly #listener: SessionListener;
  #socket: Socket | null = null;
  #warnings = 0;
  #underWay = 0;
  #isEnded = false;

  private constructor(
    { server, user, password, database, tls, timeoutMs }: SessionOptions,
    listener: SessionListener,
  ) {
    this.#timeoutMs = timeoutMs;
    this.#listener = listener;
    const options: postgres.Options<Record<string, postgres.PostgresType>> & Hooks = {
      // The socket is made below; these are for messages.
      host: server.host,
      port: server.port,
      user,
      database,
      ...(password === null ? {} : { password }),
      ssl: tls,
      max: 1,
      target_session_attrs: 'primary',
      fetch_types: false,
      idle_timeout: undefined,
      max_lifetime: null,
      connect_timeout: timeoutMs / 1_000,
      keep_alive: 10,
      debug: false,
      connection: {
        application_name: 'trunkline',
        // Before the server gives an append up, this side has: then it is certain that nothing was written.
        options: settings(Math.ceil(timeoutMs / 2)),
      },
      onnotice: () => {
        this.#warnings += 1;
      },
      onnotify: () => listener.notified?.(),
      onclose: () => this.end(),
      socket: () => {
        if (this.#socket !== null) throw new Error('the connection was closed');
        this.#socket = connect(server.port, server.host);
        return Object.assign(this.#socket, { host: server.host });
      },
    };
    this.#sql = postgres(options);
  }

  /** Rejects where the server is none, refuses, or is no primary. */
  static async open(options: SessionOptions, listener: SessionListener): Promise<Session> {
    const session = new Session(options, listener);
    const end = () => session.end();
    options.closing.addEventListener('abort', end);
    try {
      const [row] = await session.run('SELECT pg_backend_pid() AS pid');
      session.pid = Number(row?.['pid']);
      return session;
    } catch (error) {
      session.end();
      throw error;
    } finally {
      options.closing.removeEventListener('abort', end);
    }
  }

  get isBusy(): boolean {
    return this.#underWay > 0;
  }

  /**
   * Runs a statement, with parameters where it has any. An error of the server leaves the session as it was; any other ends it.
   *
   * @throws DoubtError
   */
  async run(
    statement: string,
    parameters: readonly (string | number)[] = [],
  ): Promise<postgres.RowList<postgres.Row[]>> {
    if (this.#isEnded) throw new Error('the connection was closed');
    const before = this.#warnings;
    this.#underWay += 1;
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      this.end();
    }, this.#timeoutMs);
    try {
      const prepare = parameters.length > 0;
      const rows = await this.#sql.unsafe(statement, [...parameters], { prepare });
      if (this.#warnings > before)
        throw new DoubtError('the server warned that it had not waited for its standby');
      return rows;
    } catch (error) {
      if (this.#warnings > before && !(error instanceof DoubtError)) {
        throw new DoubtError('the server warned, and did not succeed', { cause: error });
      }
      if (late) throw new Error(`no answer within ${this.#timeoutMs} ms`, { cause: error });
      throw error;
    } finally {
      clearTimeout(timer);
      this.#underWay -= 1;
    }
  }

  /** What is under way is rejected at once. */
  end(): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    // The library takes leave of the server, which may not answer. Under TLS it must come first: it would write to what is no more.
    void this.#sql.end({ timeout: 0 });
    setTimeout(() => this.#socket?.destroy(), LEAVE_MS).unref();
    this.#listener.ended();
  }
}

/** Options that the library has, and its types have not. */
interface Hooks {
  /** Called for each connection. Left to itself, the library connects again and again where a server closes at once. */
  socket(): Socket;
  /** What its `listen` is made of, without a connection for it alone. */
  onnotify(): void;
}
