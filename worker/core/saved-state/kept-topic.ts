/** What of one topic is to be kept, and what of that the store lacks. */
import type { SnapshotItem } from '../../../src/protocol/frames/index.ts';
import { utf8Bytes } from '../../../src/protocol/utf8.ts';
import type { SavedHead, SavedRow, Slot, StateOp } from '../state-store.ts';

/** Where so many rows, and half of all, have changed since the store was given all, it is given all again: that is cheaper by then. */
const MANY_CHANGES = 200;
/** Of a row, beside its event. */
const ROW_BYTES = 50;

/** The last known state of a topic, of events that are to be kept. */
export class KeptTopic {
  /** `size` apart, it is true of all that is here. */
  #head: SavedHead;
  readonly #items = new Map<Slot, SnapshotItem>();
  /** Of what the store was given, in bytes. */
  readonly #sizes = new Map<Slot, number>();
  #size = 0;
  /** Where the store has another row, or none. */
  readonly #changed = new Set<Slot>();
  /** None of the store's rows counts. */
  #isWhole = true;
  #isMoved = true;
  /** How many are without a key. */
  #tail = 0;
  /** How many rows the store was given since it was given all of them. */
  #sinceWhole = 0;

  constructor(head: SavedHead) {
    this.#head = head;
  }

  /** As the store has it. `isSound`: all of its rows could be read. */
  static stored(head: SavedHead, rows: readonly SavedRow[], isSound: boolean): KeptTopic {
    const saved = new KeptTopic(head);
    for (const { slot, item, size } of rows) {
      saved.#items.set(slot, item);
      if (typeof slot === 'number') saved.#tail++;
      saved.#resize(slot, size);
    }
    // What cannot be read goes with the next writing.
    saved.#isWhole = saved.#isMoved = !isSound;
    if (!isSound) saved.lacks();
    return saved;
  }

  get isChanged(): boolean {
    return this.#isMoved;
  }

  get head(): SavedHead {
    return { ...this.#head, size: this.#size };
  }

  /** By offset. */
  get items(): SnapshotItem[] {
    return [...this.#items.values()].sort((a, b) => a.offset - b.offset);
  }

  /** By slot, for whoever goes on from there. */
  get copy(): Map<Slot, SnapshotItem> {
    return new Map(this.#items);
  }

  /** The state as the server sent it: what is here already stays. @param isAll whether nothing of it is left out */
  replace(epoch: string, items: ReadonlyMap<Slot, SnapshotItem>, isAll: boolean): void {
    this.#head = { ...this.#head, isAll };
    // Offsets of another epoch are of other events.
    if (epoch !== this.#head.epoch) this.#isWhole = true;
    for (const slot of this.#items.keys()) if (!items.has(slot)) this.drop(slot);
    for (const [slot, item] of items) {
      const known = this.#items.get(slot);
      if (known?.offset !== item.offset || known.ts !== item.ts || this.#isWhole) this.put(slot, item);
    }
  }

  put(slot: Slot, item: SnapshotItem): void {
    if (typeof slot === 'number' && !this.#items.has(slot)) this.#tail++;
    this.#items.set(slot, item);
    this.#changed.add(slot);
  }

  drop(slot: Slot): void {
    if (!this.#items.delete(slot)) return;
    if (typeof slot === 'number') this.#tail--;
    // Of one that the store was never given it has nothing to take back.
    if (this.#sizes.has(slot)) this.#changed.add(slot);
    else this.#changed.delete(slot);
  }

  /** Memory is bounded also where the store takes nothing. @param tailLimit see `take` */
  bound(tailLimit: number): void {
    if (this.#tail > tailLimit * 2) this.#trim(tailLimit);
  }

  #trim(tailLimit: number): void {
    const tail = [...this.#items.keys()].filter((slot) => typeof slot === 'number').sort((a, b) => b - a);
    for (const slot of tail.slice(tailLimit)) this.drop(slot);
    // Of those without a key it is not seen any more that there were any.
    if (tailLimit === 0 && tail.length > 0) this.lacks();
  }

  /** Something of the state is left out. */
  lacks(): void {
    this.#head = { ...this.#head, isAll: false };
  }

  /** All that is here is true of this place, or was until this time. */
  moved(place: Omit<SavedHead, 'topic' | 'size'>): void {
    this.#head = { ...this.#head, ...place };
    this.#isMoved = true;
  }

  /** It is not known what the store has of it. */
  doubt(): void {
    this.#isWhole = this.#isMoved = true;
  }

  /** What brings the store up to this; it counts as done. @param tailLimit of those without a key so many stay, the newest */
  take(tailLimit: number): StateOp {
    this.#trim(tailLimit);
    this.#sinceWhole += this.#changed.size;
    if (this.#sinceWhole > MANY_CHANGES && this.#sinceWhole * 2 > this.#items.size) this.#isWhole = true;
    if (this.#isWhole) this.#sinceWhole = 0;
    // Not before: most of what happens is overtaken by then.
    for (const slot of this.#changed) this.#resize(slot, sizeOf(this.#items.get(slot)));
    const slots = [...(this.#isWhole ? this.#items.keys() : this.#changed)];
    const put = slots.map((slot) => this.#row(slot)).filter((row) => row !== null);
    const gone = slots.filter((slot) => !this.#items.has(slot));
    const op = { op: 'save' as const, head: this.head, isWhole: this.#isWhole, put, gone };
    this.#changed.clear();
    this.#isWhole = this.#isMoved = false;
    return op;
  }

  #row(slot: Slot): SavedRow | null {
    const item = this.#items.get(slot);
    return item ? { topic: this.#head.topic, slot, item, size: this.#sizes.get(slot) ?? 0 } : null;
  }

  /** @param size 0: it is not there any more */
  #resize(slot: Slot, size: number): void {
    this.#size += size - (this.#sizes.get(slot) ?? 0);
    if (size > 0) this.#sizes.set(slot, size);
    else this.#sizes.delete(slot);
  }
}

function sizeOf(item: SnapshotItem | undefined): number {
  return item ? utf8Bytes(JSON.stringify(item.event)) + ROW_BYTES : 0;
}
