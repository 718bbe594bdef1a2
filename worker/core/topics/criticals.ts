/** Which critical events a page has taken, and what the server is told of that. */
import type { TabItem } from '../../../src/protocol/port.ts';

/** How many offsets are remembered as taken, to answer repeats without asking a page again. */
const REMEMBER_TAKEN = 10_000;
/** Servers refuse very many at once: each one is work for them. */
const ACKNOWLEDGED_AT_ONCE = 1_000;

/**
 * Those of one topic and epoch. An event is known by its timestamp from another one at its offset: a server that was
 * restored from a backup gives offsets twice.
 */
export class Criticals {
  readonly #waiting = new Map<number, TabItem>();
  /** Offsets with timestamps. */
  readonly #taken = new Map<number, number>();
  /** Of those that wait: what may be of a history that the server has no more. */
  readonly #unproved = new Set<number>();
  /** What the server is to be told of: `null` of one that was taken, or the code why it never can be. */
  readonly #untold = new Map<number, string | null>();

  get waiting(): TabItem[] {
    return [...this.#waiting.values()].sort((a, b) => a.offset - b.offset);
  }

  get size(): number {
    return this.#waiting.size;
  }

  /** Whether some wait for a page that are not among these. */
  hasOther(...lists: (readonly Pick<TabItem, 'offset' | 'ts'>[] | null)[]): boolean {
    const known = new Set(lists.flatMap((items) => items ?? []).map(({ offset, ts }) => `${offset} ${ts}`));
    return [...this.#waiting.values()].some(({ offset, ts }) => !known.has(`${offset} ${ts}`));
  }

  /** False where a page took it already: then it is only acknowledged again. */
  arrived(item: TabItem): boolean {
    if (this.#taken.get(item.offset) === item.ts) {
      this.#untold.set(item.offset, null);
      return false;
    }
    this.#waiting.set(item.offset, item);
    this.#unproved.delete(item.offset);
    return true;
  }

  /** The first page that says so counts: the server is told once, however many tabs there are. */
  took(offset: number, ts = this.#waiting.get(offset)?.ts): void {
    const waiting = this.#waiting.get(offset);
    if (ts === undefined || (waiting ? waiting.ts !== ts : this.#taken.has(offset))) return;
    this.#taken.set(offset, ts);
    // What an earlier hub gave, or a connection before, is acknowledged when the server repeats it, which proves that it is the
    // same event.
    if (this.#waiting.delete(offset) && !this.#unproved.delete(offset)) this.#untold.set(offset, null);
    if (this.#taken.size <= REMEMBER_TAKEN) return;
    for (const oldest of this.#taken.keys()) {
      this.#taken.delete(oldest);
      break;
    }
  }

  /** It never can be taken: its schema is broken. */
  failed(offset: number, code: string): void {
    this.#waiting.delete(offset);
    this.#unproved.delete(offset);
    this.#untold.set(offset, code);
  }

  /** An event of the server's state: one of another time at its offset is withdrawn. */
  replacedBy({ offset, ts }: Pick<TabItem, 'offset' | 'ts'>): void {
    const waiting = this.#waiting.get(offset);
    if (!waiting || waiting.ts === ts) return;
    this.#waiting.delete(offset);
    this.#unproved.delete(offset);
  }

  /** Later offsets are free for other events. */
  forgetBeyond(offset: number): void {
    for (const offsets of [this.#waiting, this.#taken, this.#untold, this.#unproved])
      for (const known of offsets.keys()) if (known > offset) offsets.delete(known);
  }

  /** Nobody knows whether the server still has what came until now: it is told when it repeats them. */
  proveNothing(): void {
    this.#untold.clear();
    for (const offset of this.#waiting.keys()) this.#unproved.add(offset);
  }

  /** What to tell the server, in one frame; it counts as told. `null` where nothing is left to tell. */
  takeAcknowledgements(): { offsets: number[]; failed?: { offset: number; code: string }[] } | null {
    if (this.#untold.size === 0) return null;
    const offsets: number[] = [];
    const failed: { offset: number; code: string }[] = [];
    for (const [offset, code] of [...this.#untold].slice(0, ACKNOWLEDGED_AT_ONCE)) {
      this.#untold.delete(offset);
      if (code === null) offsets.push(offset);
      else failed.push({ offset, code });
    }
    return { offsets, ...(failed.length > 0 && { failed }) };
  }
}
