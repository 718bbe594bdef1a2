/** The log that an address names. */
import type { Limits } from '../core/limits.ts';
import type { EventLog } from '../log/event-log.ts';
import { memoryLog } from '../log/memory-log.ts';
import type { Projection } from '../log/projection.ts';
import type { Engine } from '../replicated/engine.ts';
import { replicatedLog } from '../replicated/replicated-log.ts';
import { type Environment, passwordIn } from './password.ts';
import { type LogAddress, readAddress } from './read-address.ts';

export interface LogOfOptions {
  /** Where `TRUNKLINE_LOG_PASSWORD_FILE` and `TRUNKLINE_LOG_PASSWORD` are looked for. @default process.env */
  readonly env?: Environment;
  /** Of a log in SQLite: as `sqliteLog` has it. @default 0 */
  readonly waitMs?: number;
  /** Of a log that several servers share: as `replicatedLog` has it. @default in memory, from the beginning of the log */
  readonly projection?: Projection;
  /** Of a log that several servers share: as `replicatedLog` has it; see `logTrouble`. @default nobody is told */
  readonly onTrouble?: (error: unknown) => void;
}

export interface AddressedLog {
  readonly log: EventLog;
  /** Servers of other processes may work on it at the same time. */
  readonly isShared: boolean;
  /** What `createServer` has to be told because of it. */
  readonly limits: Partial<Limits>;
}

/** What fits into a message of NATS where its `max_payload` is as it comes. */
const NATS_EVENT_BYTES = 1_000_000;

/**
 * The log at an address, as one stands in an argument or a variable of a server:
 *
 * - `memory`, which ends with the process;
 * - `sqlite:PATH`, or a path alone;
 * - `postgres://USER@HOST:PORT,HOST:PORT/DATABASE`, with `?tls=true` and `schema=NAME` where they are needed;
 * - `nats://USER@HOST:PORT,HOST:PORT/STREAM` (experimental), with `?tls=true` and `replicas=1`; the stream is `trunkline`
 *   where none is named. A password without a user is a token.
 *
 * A password is in none of them: the variable `TRUNKLINE_LOG_PASSWORD_FILE` names a file that holds it, which is read for each
 * connection to PostgreSQL, and once for NATS; or `TRUNKLINE_LOG_PASSWORD` is it. What a log needs is loaded only where it
 * is named.
 *
 * @throws Error that says what is wrong with the address, or which package is missing, for people.
 */
export async function logOf(address: string, options: LogOfOptions = {}): Promise<AddressedLog> {
  const read = readAddress(address);
  const { env = process.env, waitMs = 0 } = options;
  switch (read.kind) {
    case 'memory':
      return { log: memoryLog(), isShared: false, limits: {} };
    case 'sqlite': {
      const { sqliteLog } = await import('../sqlite/index.ts');
      return { log: sqliteLog(read.path, { waitMs }), isShared: false, limits: {} };
    }
    case 'postgres':
      return shared(await engineOf(read, env), {}, options);
    case 'nats':
      return shared(await engineOf(read, env), { maxEventBytes: NATS_EVENT_BYTES }, options);
  }
}

/** That of a log that several servers share. Options and errors as of `logOf`. */
export async function engineOf(
  address: Extract<LogAddress, { kind: 'postgres' | 'nats' }>,
  env: Environment = process.env,
): Promise<Engine> {
  return address.kind === 'postgres' ? await postgres(address, env) : await nats(address, env);
}

function shared(
  engine: Engine,
  limits: Partial<Limits>,
  { projection, onTrouble }: LogOfOptions,
): AddressedLog {
  const log = replicatedLog({
    engine,
    ...(projection === undefined ? {} : { projection }),
    ...(onTrouble === undefined ? {} : { onTrouble }),
  });
  return { log, isShared: true, limits };
}

async function postgres(
  { url, tls, schema }: Extract<LogAddress, { kind: 'postgres' }>,
  env: Environment,
): Promise<Engine> {
  const password = passwordIn(env);
  const { postgresEngine } = await loaded(
    import('../postgres/index.ts'),
    'the package postgres: npm install postgres',
  );
  return postgresEngine({
    url,
    tls,
    ...(schema === null ? {} : { schema }),
    ...(password === null ? {} : { password }),
  });
}

async function nats(
  { servers, user, stream, tls, replicas }: Extract<LogAddress, { kind: 'nats' }>,
  env: Environment,
): Promise<Engine> {
  const password = passwordIn(env)?.();
  const { natsEngine } = await loaded(
    import('../nats/index.ts'),
    'two packages: npm install @nats-io/transport-node @nats-io/jetstream',
  );
  return natsEngine({
    servers,
    replicas,
    ...(stream === null ? {} : { stream }),
    ...(tls ? { tls: {} } : {}),
    ...(user === null ? {} : { user }),
    ...(password === undefined ? {} : { [user === null ? 'token' : 'password']: password }),
  });
}

/** @throws Error that says what is needed, where it is not there. */
async function loaded<Module>(loading: Promise<Module>, needed: string): Promise<Module> {
  try {
    return await loading;
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    if (code !== 'ERR_MODULE_NOT_FOUND') throw error;
    throw new Error(`this log needs ${needed}`, { cause: error });
  }
}
