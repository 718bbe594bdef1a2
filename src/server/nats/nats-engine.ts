/** A replicated log's records in a stream of NATS JetStream. */
import {
  AckPolicy,
  type ConsumerMessages,
  DeliverPolicy,
  type JetStreamManager,
  type JsMsg,
  jetstream,
  jetstreamManager,
  type StoredMsg,
} from '@nats-io/jetstream';
import {
  connect,
  headers,
  type MsgHdrs,
  type NatsConnection,
  nanos,
  RequestError,
} from '@nats-io/transport-node';
import { unlessAborted } from '../core/unless-aborted.ts';
import {
  type Engine,
  EngineError,
  type Following,
  ForgottenError,
  type LogRecord,
  type Placed,
  type Records,
} from '../replicated/engine.ts';
import { fitting, mustFit, startFollowing } from '../replicated/engine-parts.ts';
import { type DumpClient, NatsDumps } from './nats-dumps.ts';
import { dumpsOf, ensureStreams, subjectOf } from './stream.ts';

export interface NatsEngineOptions {
  /** `HOST:PORT` of the cluster's nodes; those that these know of are found. */
  readonly servers: readonly string[];
  readonly user?: string;
  readonly password?: string;
  readonly token?: string;
  /** Files of PEM; an empty object: encrypted, the server's certificate checked by Node's authorities. @default none: in the clear */
  readonly tls?: { readonly caFile?: string; readonly certFile?: string; readonly keyFile?: string };
  /** Its name, of letters, digits, `-` and `_`: one for each log. It is made where it is missing, as is `NAME-dumps`. @default 'trunkline' */
  readonly stream?: string;
  /** Nodes that keep the log. One is for trying out. @default 3 */
  readonly replicas?: 1 | 3 | 5;
  /** Of a record's text, in bytes of UTF-8; at most the server's `max_payload` less 256. @default 1_048_320 */
  readonly maxBytes?: number;
  /** How long an answer may take, in milliseconds; a change of the stream's leader takes 5 to 7 s. @default 10_000 */
  readonly timeoutMs?: number;
}

/**
 * Experimental. An `Engine` on NATS JetStream (tried on nats-server 2.9.10). Deaths of nodes lose nothing that was acknowledged; a
 * node that is paused for seconds and goes on, as a virtual machine may be, **can lose what was acknowledged**.
 *
 * @throws Error where an option is no such thing.
 */
export function natsEngine(options: NatsEngineOptions): Engine {
  return new NatsEngine(options);
}

/** Of a message, for the header below. */
const HEADER_BYTES = 256;
const MAX_BYTES = 1_024 * 1_024 - HEADER_BYTES;
/** The newest time of the log that the author knew of: nodes' clocks differ, and the leader's is the one that counts. */
const TIME = 'Trunkline-Time';
/** What is asked for at once, in messages and in bytes. */
const READ_AT_ONCE = 32;
const READ_BYTES = 4 * 1_024 * 1_024;
/** Of one pull of who follows. */
const PULL = { max_messages: 256, expires: 5_000, idle_heartbeat: 1_000 };
/** After this a server forgets who followed and has gone. */
const FORGET_MS = 30_000;
const RETRY_MS = 250;
const CLOSE_MS = 1_000;
/** Of several servers that make a stream at the same time, not each is answered (seen on 2.9.10): so long it waits before it asks again. */
const BEGIN_MS = 2_000;

interface Client extends DumpClient {
  readonly connection: NatsConnection;
}

class NatsEngine implements Engine {
  readonly maxBytes: number;
  readonly #options: NatsEngineOptions;
  readonly #stream: string;
  readonly #dumps: NatsDumps;
  readonly #replicas: number;
  readonly #timeoutMs: number;
  readonly #closing = new AbortController();
  #client: Promise<Client> | null = null;
  #lastFailure: unknown = null;
  #newestTime = 0;

  constructor(options: NatsEngineOptions) {
    const { servers, stream = 'trunkline', replicas = 3, maxBytes = MAX_BYTES, timeoutMs = 10_000 } = options;
    this.#options = options;
    this.#stream = stream;
    this.#dumps = new NatsDumps(dumpsOf(stream));
    this.#replicas = replicas;
    this.maxBytes = maxBytes;
    this.#timeoutMs = timeoutMs;
    if (!/^[A-Za-z0-9_-]{1,64}$/.test(stream)) {
      throw new Error(`stream is ${JSON.stringify(stream)}: it has to be a name of letters, digits, - and _`);
    }
    // Not repeated: there may be a password in it.
    if (servers.length === 0 || servers.some((server) => /[@/]/.test(server))) {
      throw new Error('servers has to be HOST:PORT, once or more; the password belongs into `password`');
    }
  }

  async append(text: string): Promise<Placed> {
    this.#mustBeOpen();
    const payload = Buffer.from(text);
    mustFit(payload.length, this.maxBytes);
    return await this.#ask(async ({ stream, manager }) => {
      const about = headers();
      about.set(TIME, String(this.#newestTime));
      const options = { headers: about, timeout: this.#timeoutMs };
      const { seq } = await this.#answerOf(() => stream.publish(subjectOf(this.#stream), payload, options));
      const stored = await this.#answerOf(() => manager.streams.getMessage(this.#stream, { seq }));
      if (stored === null) throw new Error(`record ${seq} was acknowledged, and is not there`);
      const { position, time } = this.#stored(stored);
      return { position, time };
    });
  }

  async read(from: number, limit: number): Promise<Records> {
    return await this.#ask(async ({ manager }) => {
      const { oldest, newest } = await this.#ends(manager);
      const records: LogRecord[] = [];
      const end = Math.min(newest + 1, Math.max(from, oldest) + limit);
      let bytes = 0;
      for (let next = Math.max(from, oldest); next < end && bytes < READ_BYTES; next += READ_AT_ONCE) {
        const positions = Array.from({ length: Math.min(READ_AT_ONCE, end - next) }, (_, i) => next + i);
        // Of the leader: what a replica answers by itself may be old.
        const found = await Promise.all(
          positions.map((seq) => this.#answerOf(() => manager.streams.getMessage(this.#stream, { seq }))),
        );
        for (const [i, stored] of found.entries()) {
          if (stored === null) throw new Error(`record ${next + i} is not there`);
          bytes += stored.data.length;
          records.push(this.#stored(stored));
        }
      }
      return { records, oldest, newest };
    });
  }

  async newest(): Promise<number> {
    return await this.#ask(async ({ manager }) => (await this.#ends(manager)).newest);
  }

  async trim(before: number): Promise<void> {
    await this.#ask(async ({ manager }) => {
      const { oldest, newest } = await this.#ends(manager);
      const seq = Math.min(before, newest + 1);
      if (seq > oldest) await manager.streams.purge(this.#stream, { seq });
    });
  }

  async keepDump(position: number, parts: AsyncIterable<string>): Promise<void> {
    await this.#ask((client) => this.#dumps.keep(client, position, fitting(parts, this.maxBytes)));
  }

  async dumps(): Promise<readonly number[]> {
    return await this.#ask((client) => this.#dumps.positions(client));
  }

  async *readDump(position: number): AsyncGenerator<string> {
    this.#mustBeOpen();
    const parts = this.#dumps.read(await this.#ask(async (client) => client), position);
    for (;;) {
      const next = await this.#ask(() => parts.next());
      if (next.done) return;
      yield next.value;
    }
  }

  follow(
    from: number,
    hear: (records: readonly LogRecord[]) => Promise<void>,
    trouble: (error: unknown) => void,
  ): Following {
    return startFollowing(this.#closing.signal, (signal) => this.#follow(from, hear, trouble, signal));
  }

  async close(): Promise<void> {
    if (this.#closing.signal.aborted) return;
    this.#closing.abort(closedMeanwhile());
    const client = await this.#client?.catch(() => null);
    // It takes leave of a node, which may not answer.
    if (client) await Promise.race([client.connection.close(), pause(CLOSE_MS)]);
  }

  async #follow(
    from: number,
    hear: (records: readonly LogRecord[]) => Promise<void>,
    trouble: (error: unknown) => void,
    signal: AbortSignal,
  ): Promise<void> {
    let next = from;
    let isTroubled = false;
    /** Then only hearing shows that the trouble is over. */
    let couldNotHear = false;
    const tellEnd = () => {
      if (isTroubled) trouble(null);
      isTroubled = false;
    };
    while (!signal.aborted) {
      try {
        const { manager, stream } = await this.#reach();
        const { oldest } = await this.#ends(manager);
        if (next < oldest) throw new ForgottenError(oldest, next);
        const { name } = await manager.consumers.add(this.#stream, {
          ack_policy: AckPolicy.None,
          deliver_policy: DeliverPolicy.StartSequence,
          opt_start_seq: next,
          // One of a single replica is silent for as long as its node is dead.
          num_replicas: this.#replicas,
          mem_storage: true,
          inactive_threshold: nanos(FORGET_MS),
        });
        const consumer = await stream.consumers.get(this.#stream, name);
        if (!couldNotHear) tellEnd();
        while (!signal.aborted) {
          const messages = await consumer.fetch(PULL);
          for await (const message of untilAborted(messages, signal)) {
            // A start beyond the newest is taken for the next.
            if (message.seq < next) continue;
            if (message.seq > next) throw new Error(`the log has a hole: position ${next} is missing`);
            const { seq, timestampNanos, headers: about, data } = message;
            const record = this.#recordOf(seq, Number(timestampNanos / 1_000_000n), about, data);
            couldNotHear = true;
            await hear([record]);
            couldNotHear = false;
            tellEnd();
            next += 1;
          }
        }
      } catch (error) {
        if (signal.aborted) return;
        isTroubled = true;
        trouble(error);
        await pause(RETRY_MS, signal);
      }
    }
  }

  #recordOf(position: number, storedMs: number, about: MsgHdrs | undefined, data: Uint8Array): LogRecord {
    const time = Math.max(storedMs, Number(about?.get(TIME) || 0));
    this.#newestTime = Math.max(this.#newestTime, time);
    return { position, time, text: Buffer.from(data).toString() };
  }

  #stored({ seq, timestamp, header, data }: StoredMsg): LogRecord {
    // With nanoseconds, which are cut off: so is the time of a message that is followed.
    return this.#recordOf(seq, Date.parse(timestamp.replace(/(\.\d{3})\d+/, '$1')), header, data);
  }

  async #ends(manager: JetStreamManager): Promise<{ oldest: number; newest: number }> {
    const { state } = await this.#answerOf(() => manager.streams.info(this.#stream));
    return { oldest: state.messages === 0 ? state.last_seq + 1 : state.first_seq, newest: state.last_seq };
  }

  /** Asks again while there is nobody to hear it, as during a change of leaders: such a question has done nothing. */
  async #answerOf<Answer>(question: () => Promise<Answer>): Promise<Answer> {
    const end = performance.now() + this.#timeoutMs;
    const { signal } = this.#closing;
    for (;;) {
      try {
        return await question();
      } catch (error) {
        const cause = error instanceof Error ? error.cause : null;
        const isUnheard = cause instanceof RequestError && cause.isNoResponders();
        if (!isUnheard || signal.aborted || performance.now() > end) throw error;
        await pause(RETRY_MS, signal);
      }
    }
  }

  async #ask<Answer>(question: (client: Client) => Promise<Answer>): Promise<Answer> {
    this.#mustBeOpen();
    try {
      return await unlessAborted(this.#closing.signal, this.#reach().then(question));
    } catch (error) {
      if (error instanceof EngineError) throw error;
      const message = error instanceof Error ? error.message : String(error);
      // What JetStream says of a message that it was given is never certain.
      throw new EngineError('unknown', `JetStream: ${message}`, { cause: error });
    }
  }

  async #reach(): Promise<Client> {
    this.#mustBeOpen();
    this.#client ??= this.#connect();
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        const message = `no node with the stream was found within ${this.#timeoutMs} ms`;
        reject(new EngineError('refused', message, { cause: this.#lastFailure }));
      }, this.#timeoutMs);
    });
    return await Promise.race([this.#client, late]).finally(() => clearTimeout(timer));
  }

  /** Tried until it is done once: from then on the connection mends itself. */
  async #connect(): Promise<Client> {
    const { servers, user, password, token, tls } = this.#options;
    const { signal } = this.#closing;
    while (!signal.aborted) {
      let connection: NatsConnection | null = null;
      try {
        connection = await connect({
          servers: [...servers],
          ...(user === undefined ? {} : { user }),
          ...(password === undefined ? {} : { pass: password }),
          ...(token === undefined ? {} : { token }),
          ...(tls === undefined ? {} : { tls: { ...tls } }),
          name: 'trunkline',
          timeout: this.#timeoutMs,
          maxReconnectAttempts: -1,
          reconnectTimeWait: RETRY_MS,
          // A node that is paused is left after six seconds.
          pingInterval: 2_000,
          maxPingOut: 2,
        });
        const limit = (connection.info?.max_payload ?? 0) - HEADER_BYTES;
        if (limit < this.maxBytes) throw new Error(`maxBytes is ${this.maxBytes}: the server takes ${limit}`);
        const options = { timeout: this.#timeoutMs };
        const toBegin = { timeout: Math.min(BEGIN_MS, this.#timeoutMs), checkAPI: false };
        await ensureStreams(await jetstreamManager(connection, toBegin), this.#stream, this.#replicas);
        const manager = await jetstreamManager(connection, { ...options, checkAPI: false });
        const stream = jetstream(connection, options);
        const answerOf = <Answer>(question: () => Promise<Answer>) => this.#answerOf(question);
        if (!signal.aborted) return { connection, manager, stream, answerOf };
        await connection.close();
      } catch (error) {
        this.#lastFailure = error;
        await Promise.race([connection?.close(), pause(CLOSE_MS, signal)]);
        await pause(RETRY_MS, signal);
      }
    }
    throw closedMeanwhile();
  }

  #mustBeOpen(): void {
    if (this.#closing.signal.aborted) throw new EngineError('refused', 'the engine is closed');
  }
}

const closedMeanwhile = () => new EngineError('unknown', 'the engine was closed meanwhile');

/** At the latest when the signal is aborted. */
function pause(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((done) => {
    if (signal?.aborted) return done();
    const end = () => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', end);
      done();
    };
    const timer = setTimeout(end, ms);
    signal?.addEventListener('abort', end);
  });
}

async function* untilAborted(messages: ConsumerMessages, signal: AbortSignal): AsyncGenerator<JsMsg> {
  const stop = () => void messages.close();
  signal.addEventListener('abort', stop);
  try {
    for await (const message of messages) {
      if (signal.aborted) return;
      yield message;
    }
  } finally {
    signal.removeEventListener('abort', stop);
  }
}
