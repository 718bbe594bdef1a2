import type { Socket } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';

export type Side = 'client' | 'server';

/** Of one connection: sees what each side says before the other does. */
export interface Reader {
  /**
   * @param isFirst the side's first bytes
   * @returns what is carried in their place
   */
  read(from: Side, chunk: Buffer, isFirst: boolean): Buffer;
}

/** What the network does now: asked for each chunk. */
export interface Conditions {
  delayMs(): number;
  /** Bytes a second, in each direction; `null`: all at once. */
  rate(): number | null;
  /** Whether the connection ends in the midst of what this side says now. */
  tears(from: Side): boolean;
  ended(): void;
}

/** Of a slow line: how long one slice of bytes takes. */
const SLICE_S = 0.02;

/** One connection that is carried. */
export class Connection {
  readonly #client: Socket;
  readonly #server: Socket;
  readonly #reader: Reader;
  readonly #conditions: Conditions;
  #held: readonly Side[] = [];
  /** What was read from these is still on its way, slowly. */
  readonly #trickling = new Set<Side>();

  constructor(client: Socket, server: Socket, reader: Reader, conditions: Conditions) {
    this.#client = client;
    this.#server = server;
    this.#reader = reader;
    this.#conditions = conditions;
    this.#carry('client', client, server);
    this.#carry('server', server, client);
    for (const socket of [client, server]) socket.on('error', this.#end).on('close', this.#end);
  }

  /** Nothing of what these sides say goes through, until it is called with others. */
  hold(sides: readonly Side[]): void {
    this.#held = sides;
    for (const [side, socket] of [
      ['client', this.#client],
      ['server', this.#server],
    ] as const) {
      if (sides.includes(side)) socket.pause();
      else if (!this.#trickling.has(side)) socket.resume();
    }
  }

  reset(): void {
    this.#client.resetAndDestroy();
    this.#server.resetAndDestroy();
  }

  readonly #end = (): void => {
    this.#client.destroy();
    this.#server.destroy();
    this.#conditions.ended();
  };

  #carry(side: Side, from: Socket, to: Socket): void {
    let lastDue = 0;
    let isFirst = true;
    /** In slices, as a slow line brings them; nothing more is read meanwhile, so that the sender feels it. */
    const trickle = async (chunk: Buffer) => {
      this.#trickling.add(side);
      from.pause();
      // Behind what is late already.
      await wait(Math.max(0, lastDue - Date.now()));
      let sent = 0;
      while (sent < chunk.length && !to.destroyed) {
        const rate = this.#conditions.rate();
        const slice = chunk.subarray(sent, rate === null ? chunk.length : sent + Math.ceil(rate * SLICE_S));
        to.write(slice);
        sent += slice.length;
        if (rate !== null) await wait(SLICE_S * 1_000);
      }
      this.#trickling.delete(side);
      if (!this.#held.includes(side)) from.resume();
    };
    from.on('data', (bytes: Buffer) => {
      if (!isFirst && this.#conditions.tears(side)) {
        // `end` so that the half arrives: a reset would overtake it.
        to.end(bytes.subarray(0, Math.ceil(bytes.length / 2)));
        from.resetAndDestroy();
        return;
      }
      const chunk = this.#reader.read(side, bytes, isFirst);
      isFirst = false;
      // Never earlier than the chunk before it, so that a shorter delay does not reorder.
      lastDue = Math.max(lastDue, Date.now() + this.#conditions.delayMs());
      if (this.#conditions.rate() !== null) void trickle(chunk);
      else if (lastDue <= Date.now()) to.write(chunk);
      else setTimeout(() => to.write(chunk), lastDue - Date.now());
    });
  }
}
