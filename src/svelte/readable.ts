/** When what reads a value of the client's in Svelte runs anew. */
import { createSubscriber } from 'svelte/reactivity';
import type { Readable } from '../index.ts';

/** A value to be read in markup, `$derived` or `$effect`, which then follow it. */
export interface Current<T> {
  readonly current: T;
}

const followers = new WeakMap<Readable<unknown>, () => void>();

/** Whoever reads at this moment runs again when the value changes. On a server, and outside of what reacts, nothing happens. */
function follow(readable: Readable<unknown>): void {
  let follower = followers.get(readable);
  if (!follower) {
    follower = createSubscriber((changed) => {
      // What it is now is about to be read.
      let isNews = false;
      const end = readable.subscribe(() => {
        if (isNews) changed();
      });
      isNews = true;
      return end;
    });
    followers.set(readable, follower);
  }
  follower();
}

/**
 * The value of a Readable, or of the one that a function gives now, which must be the same one until something has changed that
 * it reads. It is followed while something reads it that reacts; on a server it is the first one.
 */
export function useReadable<T>(given: Readable<T> | (() => Readable<T>)): Current<T> {
  return {
    get current() {
      const readable = typeof given === 'function' ? given() : given;
      follow(readable);
      return readable.get();
    },
  };
}
