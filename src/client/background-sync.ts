/** When the browser is asked to let the service worker deliver what waits, for the time when no page is open any more. */
import { isWaiting } from '../protocol/is-waiting.ts';
import type { Connection } from '../protocol/model.ts';
import { syncTag } from '../protocol/names.ts';
import type { AnyOutboxEntry } from '../protocol/port.ts';
import type { PagePlatform } from './platform.ts';
import type { Logger } from './types.ts';

/**
 * A browser takes a registration only while a window is open, and one is used up by an event that did not fail: so it is asked as
 * soon as something waits without a line, and again whenever this page is hidden.
 */
export function createBackgroundSync(
  { registerSync }: Pick<PagePlatform, 'registerSync'>,
  app: string,
  connection: () => Connection,
  outbox: () => readonly AnyOutboxEntry[],
  { warn }: Pick<Logger, 'warn'>,
) {
  /** For which it was asked while there was no line. */
  let asked: readonly string[] = [];
  /** So many sends no hub has answered yet: it may have stored them. */
  let unanswered = 0;

  const waiting = () => outbox().filter(isWaiting);
  const ask = () =>
    registerSync(syncTag(app)).catch((error: unknown) =>
      warn('[trunkline] the browser will not deliver what waits with no page open', error),
    );

  return {
    /** To be called with each send, as a hub is asked to keep it. */
    async sends(kept: Promise<unknown>) {
      unanswered++;
      await kept.catch(() => {});
      unanswered--;
    },
    /** To be called when the connection or the outbox may look different. */
    changed() {
      const ids = connection().state === 'open' ? [] : waiting().map(({ id }) => id);
      const isMore = ids.some((id) => !asked.includes(id));
      asked = ids;
      if (isMore) ask();
    },
    /** The page is hidden, or left: it may be the last that is heard of it. */
    hidden() {
      if (unanswered > 0 || waiting().length > 0) ask();
    },
  };
}
