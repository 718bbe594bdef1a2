import { scopeName } from '../protocol/names.ts';
import type { PagePlatform } from './platform.ts';

/**
 * When somebody signed out last, as pages remember it outside of the hub's database: where that failed, or was deleted, no
 * later hub knows that a page out of the back/forward cache was signed out. The page itself does then.
 */
export function createSignOutMark(
  { now, recall, remember }: Pick<PagePlatform, 'now' | 'recall' | 'remember'>,
  app: string,
  identity: string,
) {
  const name = `${scopeName(app, identity)}:signed-out`;
  /** As this client found it when it began. */
  let begun: { readonly mark: string | null; readonly at: number } | undefined;

  return {
    /** To be asked whenever the client attaches, from the first time on. */
    isOver(): boolean {
      const mark = recall(name);
      begun ??= { mark, at: now() };
      // Who signs in while the mark is being made has begun after it.
      return mark !== begun.mark && begun.at <= Number(mark);
    },
    /** @param askedAt when the sign-out was asked for, which is done now */
    make: (askedAt: number) => remember(name, String(askedAt)),
  };
}
