import type { TabItem } from '../../../src/protocol/port.ts';

/** How many offsets are remembered as taken, to answer repeats without asking a page again. */
const REMEMBER_TAKEN = 10_000;
/** Servers refuse very many at once: each one is work for them. */
const ACKNOWLEDGED_AT_ONCE = 1_000;

/** The critical events of one topic and epoch: which ones a page took, which ones still wait for one. */
export class Criticals {
  readonly #waiting = new Map<number, TabItem>();
  readonly #taken = new Set<number>();
  /** Taken, and the server was not told yet. */
  readonly #unacknowledged = new Set<number>();
  readonly #failed = new Map<number, string>();

  get waiting(): TabItem[] {
    return [...this.#waiting.values()].sort((a, b) => a.offset - b.offset);
  }

  get size(): number {
    return this.#waiting.size;
  }

  isWaiting(offset: number): boolean {
    return this.#waiting.has(offset);
  }

  /** Whether what waits there is not the one of that time: a lower snapshot had withdrawn that. */
  isAnother(offset: number, ts: number | undefined): boolean {
    const waiting = this.#waiting.get(offset);
    return waiting !== undefined && ts !== undefined && waiting.ts !== ts;
  }

  /** False where a page took it already: then it is only acknowledged again. */
  arrived(item: TabItem): boolean {
    if (this.#taken.has(item.offset)) {
      this.#unacknowledged.add(item.offset);
      return false;
    }
    this.#waiting.set(item.offset, item);
    return true;
  }

  /** The first page that says so counts: the server is told once, however many tabs there are. */
  took(offset: number): void {
    this.#waiting.delete(offset);
    if (this.#taken.has(offset)) return;
    this.#taken.add(offset);
    this.#unacknowledged.add(offset);
    if (this.#taken.size <= REMEMBER_TAKEN) return;
    for (const oldest of this.#taken) {
      this.#taken.delete(oldest);
      break;
    }
  }

  /** It never can be taken: its schema is broken. */
  failed(offset: number, code: string): void {
    this.#waiting.delete(offset);
    this.#failed.set(offset, code);
  }

  /** Later offsets are free for other events. */
  forgetBeyond(offset: number): void {
    for (const offsets of [this.#waiting, this.#taken, this.#unacknowledged, this.#failed])
      for (const known of offsets.keys()) if (known > offset) offsets.delete(known);
  }

  /** What to tell the server, in one frame; it counts as told. `null` where nothing is left to tell. */
  takeAcknowledgements(): { offsets: number[]; failed: { offset: number; code: string }[] } | null {
    if (this.#unacknowledged.size === 0 && this.#failed.size === 0) return null;
    const offsets = [...this.#unacknowledged].slice(0, ACKNOWLEDGED_AT_ONCE);
    const failed = [...this.#failed]
      .slice(0, ACKNOWLEDGED_AT_ONCE - offsets.length)
      .map(([offset, code]) => ({ offset, code }));
    for (const offset of offsets) this.#unacknowledged.delete(offset);
    for (const { offset } of failed) this.#failed.delete(offset);
    return { offsets, failed };
  }
}
