/**
 * The last sign-out, as pages remember it outside of the hub's database: where that failed, or was deleted, no later hub
 * knows that a page out of the back/forward cache was signed out. The page itself does then.
 *
 * Sign-outs have numbers that only grow. What counts is which of them were there when a client began, and not the time,
 * since a clock may be set back in between.
 */
import { scopeName } from '../protocol/names.ts';
import type { PagePlatform } from './platform.ts';

export function createSignOutMark(
  { now, recall, remember }: Pick<PagePlatform, 'now' | 'recall' | 'remember'>,
  app: string,
  identity: string,
) {
  const scope = scopeName(app, identity);
  const asked = `${scope}:signing-out`;
  const done = `${scope}:signed-out`;
  const read = (name: string) => Number(recall(name)) || 0;
  /** The last that anybody has asked for. One that is done counts also where its asking could not be remembered. */
  const last = () => Math.max(read(asked), read(done));
  /** As this client found it when it began: who signs in while the mark is being made has begun after it. */
  let begun: number | undefined;

  /** The number of the last sign-out before this client. */
  const begunAfter = () => {
    begun ??= last();
    return begun;
  };

  return {
    /** To be asked whenever the client attaches, from the first time on. */
    isOver: () => read(done) > begunAfter(),
    begunAfter,
    /** To be called before anybody is signed out. @returns the number of this sign-out */
    ask(): number {
      // Where what pages remember was deleted, the time is still likely to be above what a client found when it began.
      const number = Math.max(last() + 1, now());
      remember(asked, String(number));
      return number;
    },
    /** @param number of the sign-out that is done now */
    make: (number: number) => remember(done, String(Math.max(read(done), number))),
  };
}
