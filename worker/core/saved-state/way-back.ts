/** How a topic's state is made of what was kept of it and of what the server repeats since. */
import type { ServerFrameOf, SnapshotItem } from '../../../src/protocol/frames/index.ts';
import { interpretEvent } from '../../../src/protocol/interpret.ts';
import type { AnyProtocol } from '../../../src/protocol/types.ts';
import type { Repeated, WayBack } from '../saved-states.ts';
import type { SavedHead, Slot } from '../state-store.ts';
import type { StoredCursor } from '../store.ts';
import type { TopicPlace } from '../topics/journal.ts';
import { isMissed } from '../topics/missed.ts';

/**
 * From the lower of two places of one epoch: where the kept state is, and where pages are. What lies between them was missed, or
 * is lacking in the state: it is never both, and never a repeat.
 */
export class Repetition implements WayBack {
  readonly from: TopicPlace;
  readonly #protocol: AnyProtocol;
  readonly #head: SavedHead;
  /** Pages have all up to here. */
  readonly #credited: { readonly offset: number; readonly ts: number };
  readonly #items: Map<Slot, SnapshotItem>;
  readonly #missed: SnapshotItem[] = [];
  readonly #acknowledged: ServerFrameOf['event'][] = [];
  #at: { offset: number; ts: number };
  /** `null`: the server has not said that it repeats. */
  #until: number | null = null;

  constructor(
    protocol: AnyProtocol,
    head: SavedHead,
    items: Map<Slot, SnapshotItem>,
    { offset, lastSeen: ts }: StoredCursor,
  ) {
    this.#credited = { offset, ts };
    const lower = offset < head.offset ? this.#credited : { offset: head.offset, ts: head.lastSeen };
    this.from = { epoch: head.epoch, ...lower };
    this.#protocol = protocol;
    this.#head = head;
    this.#items = items;
    this.#at = this.from;
  }

  begin(epoch: string, offset: number): Repeated {
    if (epoch !== this.from.epoch || offset < this.#head.offset) return 'broken';
    this.#until = offset;
    return this.#whole();
  }

  add(frame: ServerFrameOf['event']): Repeated {
    if (this.#until === null) return 'more';
    const { offset, ts, key, gone, event } = frame;
    if (frame.ack) this.#acknowledged.push(frame);
    if (frame.redelivery || offset <= this.#at.offset) return 'more';
    if ((frame.prev ?? offset - 1) !== this.#at.offset || this.#isOther(offset, ts)) return 'broken';
    this.#at = { offset, ts };
    const item = { offset, ts, ...(key !== undefined && { key }), event };
    if (isMissed(item, this.#credited)) this.#missed.push(gone ? { ...item, gone } : item);
    if (offset > this.#head.offset) this.#fold(frame, item);
    return this.#whole();
  }

  /** What is kept is of a history that the server has no more: the event where it stands is another one, or is not there. */
  #isOther(offset: number, ts: number): boolean {
    const { offset: place, lastSeen } = this.#head;
    if (this.#at.offset >= place || offset < place) return false;
    return offset > place || (lastSeen !== 0 && ts !== lastSeen);
  }

  /** As the server would: what nobody can read counts as well, as far as it has a key. */
  #fold({ key, gone, offset }: ServerFrameOf['event'], item: SnapshotItem): void {
    const read = interpretEvent(this.#protocol, item.event);
    const slot = key ?? (read.ok ? read.key : null) ?? offset;
    this.#items.delete(slot);
    if (!(gone ?? (read.ok && read.gone))) this.#items.set(slot, item);
  }

  #whole(): Repeated {
    if (this.#until === null || this.#at.offset < this.#until) return 'more';
    const events = [...this.#items.values()].sort((a, b) => a.offset - b.offset);
    const at = { epoch: this.from.epoch, ...this.#at };
    return { at, events, missed: this.#missed, acknowledged: this.#acknowledged };
  }
}
