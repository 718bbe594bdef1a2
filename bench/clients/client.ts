import { WebSocket } from 'ws';
import type { BenchEvent } from '../shared/events.ts';
import type { Received } from './received.ts';
import type { Told, Wire } from './wire.ts';

/** As an event begins to tell when it was published: once in each. */
const MARK = '"at":';
/** What is shorter holds no event, but may want an answer. */
const LEAST_EVENT_BYTES = 200;

/** One socket of one person's browser. */
export class Client implements Told {
  readonly #wire: Wire;
  readonly #socket: WebSocket;
  readonly #received: Received;
  readonly #answers = new Map<string, () => void>();
  #newest = 0;
  #isReady = false;
  #lastCommand = 0;
  #onReady: () => void = () => {};
  #onPong: () => void = () => {};

  private constructor(wire: Wire, url: string, received: Received, isSample: boolean) {
    this.#wire = wire;
    this.#received = received;
    this.#socket = new WebSocket(`${url}${wire.path}`, [...wire.subprotocols], {
      perMessageDeflate: false,
      // As a page would be.
      origin: 'http://127.0.0.1',
    });
    this.#socket.on('open', () => wire.greet(this.#socket));
    this.#socket.on('message', (data: Buffer) => {
      if (isSample || !this.#isReady || data.length < LEAST_EVENT_BYTES)
        wire.hear(data.toString(), this.#socket, this);
      else this.#received.count(occurrencesOf(MARK, data));
    });
    this.#socket.on('pong', () => this.pong());
    // What ends one of them ends the case: the process goes, and its parent is told.
    this.#socket.on('error', (error) => {
      throw error;
    });
    this.#socket.on('close', (code) => {
      throw new Error(`the server closed a socket: ${code}`);
    });
  }

  /** @param isSample whether it reads what it is sent, and not only counts it */
  static async open(wire: Wire, url: string, received: Received, isSample: boolean): Promise<Client> {
    const client = new Client(wire, url, received, isSample);
    await new Promise<void>((ready) => {
      client.#onReady = ready;
    });
    return client;
  }

  /** Resolves when the last one is answered. */
  async send(count: number, atATime: number): Promise<void> {
    let left = count;
    const sendInTurn = async () => {
      while (left-- > 0) await this.#sendOne();
    };
    await Promise.all(Array.from({ length: Math.min(atATime, count) }, sendInTurn));
  }

  /** Milliseconds until the answer. */
  async ping(): Promise<number> {
    const start = performance.now();
    await new Promise<void>((answered) => {
      this.#onPong = answered;
      this.#wire.ping(this.#socket);
    });
    return performance.now() - start;
  }

  ready(): void {
    this.#isReady = true;
    this.#onReady();
  }

  event({ n, at }: BenchEvent): void {
    this.#received.take(n, at, this.#newest);
    this.#newest = Math.max(this.#newest, n);
  }

  answered(id: string): void {
    this.#answers.get(id)?.();
    this.#answers.delete(id);
  }

  pong(): void {
    this.#onPong();
  }

  #sendOne(): Promise<void> {
    const n = ++this.#lastCommand;
    const id = this.#wire.commandId(n);
    return new Promise((answered) => {
      this.#answers.set(id, answered);
      this.#wire.sendCommand(this.#socket, id, n);
    });
  }
}

function occurrencesOf(mark: string, data: Buffer): number {
  let count = 0;
  for (let at = data.indexOf(mark); at !== -1; at = data.indexOf(mark, at + mark.length)) count++;
  return count;
}
