/** Which event of each key is the newest one. */
import type { Typed } from '../protocol/interpret.ts';
import type { Item } from './consumer.ts';
import type { Feed } from './feed.ts';
import { select } from './readable.ts';
import type { Latest } from './types.ts';
import { fold } from './view.ts';

type ByKey = ReadonlyMap<string, Typed>;

/** A key has one event, of whatever type: a newer one of another type takes its place. */
export function latest(feed: Feed, types: readonly string[]): Latest<Typed> {
  const origins = new WeakMap<Typed, string>();
  const apply = (state: ByKey, items: readonly Item[]): ByKey => {
    let next: Map<string, Typed> | undefined;
    for (const { event, meta, gone, epoch } of items) {
      const { key, offset, ts } = meta;
      const stays = !gone && types.includes(event.type);
      if (key === null || !(stays || (next ?? state).has(key))) continue;
      next ??= new Map(state);
      if (stays) next.set(key, event);
      else next.delete(key);
      // A server that was restored from a backup may have another event at the offset.
      origins.set(event, `${offset} ${ts} ${epoch}`);
    }
    return next ?? state;
  };
  /** A snapshot copies every event: those that were known stay the same objects. */
  const keep = (old: ByKey, fresh: ByKey): ByKey => {
    const kept = new Map<string, Typed>();
    let isSame = old.size === fresh.size;
    for (const [key, event] of fresh) {
      const known = old.get(key);
      const isKnown = known && origins.get(known) === origins.get(event);
      isSame &&= Boolean(isKnown);
      kept.set(key, isKnown ? known : event);
    }
    return isSame ? old : kept;
  };
  const all = fold<ByKey>(feed, new Map(), apply, keep);
  return { get: all.get, subscribe: all.subscribe, at: (key) => select(all, (map) => map.get(key)) };
}
