import { once } from 'node:events';
import { connect, createServer, type Server } from 'node:net';
import { Connection, type Reader, type Side } from './connection.ts';
import { lastingPort } from './lasting-port.ts';

/**
 * - `pass`: everything goes through, as late and as slowly as `setDelay` and `setRate` say.
 * - `blackhole`: packets vanish. Nothing goes through, nothing is closed, and new connections are never answered.
 * - `mute`: the same, of what the server says alone.
 * - `refuse`: nobody listens. What was open is cut.
 */
export type ProxyMode = 'pass' | 'blackhole' | 'mute' | 'refuse';

export interface ProxyOptions {
  /**
   * The server's port on 127.0.0.1, or who says it: asked for each connection, so that the server may start elsewhere; `null`: nobody is
   * there, and the connection ends.
   */
  readonly target: number | (() => number | null);
  /** Where it listens on 127.0.0.1. @default one that is free */
  readonly port?: number;
}

/** A network between browser and server on 127.0.0.1: it carries bytes, whatever is spoken, and does what networks do. */
export interface TestProxy {
  /** Where it listens on 127.0.0.1, for as long as it lives, also after a time in which it refused. */
  readonly port: number;
  /** How many connections are open now; those that `strand` left are not counted. */
  readonly connections: number;
  /** The most that were ever open at once. */
  readonly peak: number;
  /** Resolves when it is so for all connections, the open ones included. */
  setMode(mode: ProxyMode): Promise<void>;
  /** How late each byte arrives, in either direction. @default 0 */
  setDelay(delayMs: number): void;
  /** What each connection carries in each direction, in bytes a second; `null`: as much as there is. @default null */
  setRate(bytesPerSecond: number | null): void;
  /** Ends every connection abruptly, by a reset. New ones come through. */
  cut(): void;
  /**
   * As after a change of networks: nothing goes through the connections that are open now any more, and nobody closes them. New
   * ones come through.
   */
  strand(): void;
  /** Lets half of what this side sends next through, and ends the connection there. Resolves once it did. */
  tear(from: Side): Promise<void>;
  /** Ends every connection, and listens no more. A process does not wait for this in order to end. */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * Starts one. For tests in a real browser: what a test tool calls "offline" does not reach the socket of a SharedWorker (seen with
 * `setOffline` of Playwright 1.65).
 *
 * @throws Error of Node where it cannot listen.
 */
export async function startProxy({ target, port }: ProxyOptions): Promise<TestProxy> {
  const askTarget = typeof target === 'number' ? () => target : target;
  return await startReadProxy(askTarget, () => ({ read: (_, chunk) => chunk }), port);
}

/** The same, with somebody who reads what each connection carries. */
export async function startReadProxy(
  target: () => number | null,
  readerOf: () => Reader,
  port?: number,
): Promise<TestProxy> {
  const proxy = new CarryingProxy(port ?? (await lastingPort()), target, readerOf);
  await proxy.setMode('pass');
  return proxy;
}

class CarryingProxy implements TestProxy {
  readonly port: number;
  peak = 0;
  readonly #server: Server;
  readonly #open = new Set<Connection>();
  readonly #stranded = new Set<Connection>();
  #mode: ProxyMode = 'refuse';
  #delayMs = 0;
  #rate: number | null = null;
  #tearing: { readonly from: Side; readonly done: () => void } | null = null;

  constructor(port: number, target: () => number | null, readerOf: () => Reader) {
    this.port = port;
    // Who forgets to close it does not wait for it at the end.
    this.#server = createServer((client) => {
      const port = target();
      if (port === null) {
        client.destroy();
        return;
      }
      const connection = new Connection(client, connect(port, '127.0.0.1'), readerOf(), {
        delayMs: () => this.#delayMs,
        rate: () => this.#rate,
        tears: (from) => this.#takeTear(from),
        ended: () => {
          this.#open.delete(connection);
          this.#stranded.delete(connection);
        },
      });
      this.#open.add(connection);
      this.peak = Math.max(this.peak, this.#open.size);
      connection.hold(this.#held);
    }).unref();
  }

  get connections(): number {
    return this.#open.size;
  }

  get #held(): readonly Side[] {
    if (this.#mode === 'blackhole') return ['client', 'server'];
    return this.#mode === 'mute' ? ['server'] : [];
  }

  async setMode(mode: ProxyMode): Promise<void> {
    this.#mode = mode;
    if (mode === 'refuse') await this.#stopListening();
    else if (!this.#server.listening) {
      this.#server.listen(this.port, '127.0.0.1');
      await once(this.#server, 'listening');
    }
    for (const connection of this.#open) connection.hold(this.#held);
  }

  setDelay(delayMs: number): void {
    this.#delayMs = delayMs;
  }

  setRate(bytesPerSecond: number | null): void {
    this.#rate = bytesPerSecond;
  }

  cut(): void {
    for (const connection of [...this.#open, ...this.#stranded]) connection.reset();
  }

  strand(): void {
    for (const connection of this.#open) {
      connection.hold(['client', 'server']);
      this.#stranded.add(connection);
    }
    this.#open.clear();
  }

  async tear(from: Side): Promise<void> {
    await new Promise<void>((done) => {
      this.#tearing = { from, done };
    });
  }

  async close(): Promise<void> {
    this.#mode = 'refuse';
    await this.#stopListening();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #takeTear(from: Side): boolean {
    if (this.#tearing?.from !== from) return false;
    this.#tearing.done();
    this.#tearing = null;
    return true;
  }

  async #stopListening(): Promise<void> {
    this.cut();
    if (!this.#server.listening) return;
    this.#server.close();
    await once(this.#server, 'close');
  }
}
