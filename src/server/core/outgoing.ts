/** Joins the frames of one turn into few messages, since each message costs a client's event loop a task. */
import { byteLength } from './bytes.ts';
import type { Peer } from './peer.ts';
import type { ServerStats } from './stats.ts';

/** Messages of several frames are made no larger than this: a client can work on the first while the next one is on its way. */
const BATCH_BYTES = 65_536;

export class Outgoing {
  readonly #peer: Peer;
  readonly #stats: ServerStats;
  readonly #afterWrite: (bytes: number) => void;
  /** The largest message that the client reads. */
  maxBytes = BATCH_BYTES;
  #frames: string[] = [];
  #bytes = 0;

  constructor(peer: Peer, stats: ServerStats, afterWrite: (bytes: number) => void) {
    this.#peer = peer;
    this.#stats = stats;
    this.#afterWrite = afterWrite;
  }

  /** Waiting for the end of this turn. */
  get bytes(): number {
    return this.#bytes;
  }

  fits(frame: string): boolean {
    // No character takes more than three bytes of UTF-8, so that most frames need no counting.
    return frame.length * 3 <= this.maxBytes || byteLength(frame) <= this.maxBytes;
  }

  push(frame: string): void {
    const bytes = byteLength(frame);
    // The brackets and commas of an array: one byte for each frame, and one more.
    const joined = this.#bytes + bytes + this.#frames.length + 2;
    if (this.#frames.length > 0 && joined > Math.min(BATCH_BYTES, this.maxBytes)) this.flush();
    if (this.#frames.length === 0) queueMicrotask(() => this.flush());
    this.#frames.push(frame);
    this.#bytes += bytes;
  }

  flush(): void {
    const frames = this.#frames;
    if (frames.length === 0) return;
    const bytes = this.#bytes + (frames.length > 1 ? frames.length + 1 : 0);
    this.#frames = [];
    this.#bytes = 0;
    this.#stats.messagesOut += 1;
    this.#stats.framesOut += frames.length;
    this.#stats.bytesOut += bytes;
    this.#peer.send(frames.length === 1 ? String(frames[0]) : `[${frames.join(',')}]`);
    this.#afterWrite(bytes);
  }
}
