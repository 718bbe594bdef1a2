/** A listener that is called in one tab of a browser, whichever tabs listen. */
import type { Meta, Settled } from '../protocol/model.ts';
import type { AnyProtocol } from '../protocol/types.ts';
import type { OneTabPlatform } from './platform.ts';
import { Room } from './room.ts';

export function createOneTab(platform: OneTabPlatform) {
  const rooms = new Map<string, Room>();
  /**
   * Makes a listener for `topic.on` or `outbox.onSettled` of which each event, or ending, is given to one tab: a visible one first, else
   * the one that was seen last. It is claimed before the listener is called. The claim ends when the listener has returned, and
   * what it returned has fulfilled; with the tab; or when the tab has not answered for 5 s, and where the listener throws or rejects:
   * then another tab has it. So it is called at least once, and in one tab at a time as far as that can be known: one that stood
   * still may go on with what another one has taken over.
   *
   * A critical event is taken when some tab's listener has taken it.
   *
   * @param name the same in each tab, of one listener alone, and of one identity: `ring:${identity}`.
   * @param options `signal`: the one by which the listener leaves; what was not begun by then is left to other tabs.
   */
  return <A extends readonly unknown[]>(
    name: string,
    listener: (...about: A) => unknown,
    { signal }: { signal?: AbortSignal } = {},
  ): ((...about: A) => Promise<void>) => {
    const locks = platform.locks();
    // From now on this tab hears what others take. Without locks nothing can be claimed: each tab takes it.
    const room = locks && (rooms.get(name) ?? new Room(platform, name, locks));
    if (room) rooms.set(name, room);
    return async (...about) => {
      const take = () => listener(...about);
      await (room ? room.take(keyOf(about), take, signal) : take());
    };
  };
}

/** The same in each tab. An offset may be another event's, of another time, where the server was restored. */
function keyOf([what, meta]: readonly unknown[]): string {
  const { topic, offset, ts } = (meta ?? {}) as Partial<Meta>;
  if (ts !== undefined) return `${topic} ${offset} ${ts}`;
  const { id, at } = what as Partial<Settled<AnyProtocol>>;
  if (at === undefined)
    throw new TypeError('oneTab makes listeners for `topic.on` and `outbox.onSettled` alone');
  return `${id} ${at}`;
}
