import type { TabItem } from '../../../src/protocol/port.ts';

/** How many offsets are remembered as taken, to answer repeats without asking a page again. */
const REMEMBER_TAKEN = 10_000;

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

  /** What to tell the server; it counts as told. */
  takeAcknowledgements(): { offsets: number[]; failed: { offset: number; code: string }[] } | null {
    if (this.#unacknowledged.size === 0 && this.#failed.size === 0) return null;
    const offsets = [...this.#unacknowledged];
    const failed = [...this.#failed].map(([offset, code]) => ({ offset, code }));
    this.#unacknowledged.clear();
    this.#failed.clear();
    return { offsets, failed };
  }
}
