/** What a consumer of a topic is, and when a critical event counts as taken. Who is given what `feed.ts` decides. */
import type { Typed } from '../protocol/interpret.ts';
import type { Meta } from '../protocol/model.ts';
import type { TabItem } from '../protocol/port.ts';

/** A `Delivered`, its event's type forgotten. */
export interface Item {
  readonly event: Typed;
  readonly meta: Meta;
  readonly gone: boolean;
  readonly epoch: string;
  /** Out of order: it is for handlers alone, and moves nothing. */
  readonly isRepeat: boolean;
}

export function toItem(
  topic: string,
  epoch: string,
  isReplay: boolean,
  { event, gone, replayed, repeat, ...meta }: TabItem,
): Item {
  return {
    event,
    gone,
    epoch,
    isRepeat: repeat === true,
    meta: { topic, ...meta, replayed: isReplay || replayed },
  };
}

/** Each offset once, in order. */
export function union(events: readonly Item[], missed: readonly Item[]): Item[] {
  const byOffset = new Map([...missed, ...events].map((item) => [item.meta.offset, item]));
  return [...byOffset.values()].sort((a, b) => a.meta.offset - b.meta.offset);
}

/** Whoever is given a topic's events: a listener, a subscriber, a view. */
export interface Consumer {
  /**
   * What it does with a snapshot: `ignore` its state; take it `once`, as events; `begin` anew at each. Of what was
   * missed, all get what they have not seen.
   */
  state: 'ignore' | 'once' | 'begin';
  /** Which snapshot it waits for, hearing nothing before: the ticket's number, `null`: none, 0: still to be asked for. */
  ticket: number | null;
  /** The newest offset that it knows. */
  seen: number;
  /** Whether it takes critical events, or merely watches. */
  readonly isHandler: boolean;
  wants(item: Item): boolean;
  begin?(events: readonly Item[], missed: readonly Item[]): void;
  /** `done` tells of an item whether it was taken, perhaps later. `isJoined` turns false when it leaves meanwhile. */
  give(items: readonly Item[], done: (item: Item, ok: boolean) => void, isJoined: () => boolean): void;
}

/** Who was given a critical event, and what came of it. Held for a later handler while nobody was. */
export interface Critical {
  readonly item: Item;
  /** `left`: before its promise had settled, if it ever does. */
  readonly takers: Map<Consumer, 'pending' | 'left' | 'taken' | 'failed'>;
}

/** Taken when at least one handler got it, and all that did and are still there returned or fulfilled. */
export function verdict({ takers }: Critical): 'pending' | 'taken' | 'failed' {
  const states = [...takers.values()].filter((state) => state !== 'left');
  if (states.length === 0 || states.includes('pending')) return 'pending';
  return states.includes('failed') ? 'failed' : 'taken';
}
