/** All that tabs need of the place in which they run, to agree on which of them takes something. */
import { browser } from '../client/browser.ts';
import type { PagePlatform } from '../client/platform.ts';

export interface OneTabPlatform
  extends Pick<PagePlatform, 'now' | 'uuid' | 'setTimer' | 'isVisible' | 'locks' | 'watchPage'> {
  /** One end of a BroadcastChannel. */
  openChannel(name: string, hear: (message: unknown) => void): { post(message: object): void; close(): void };
}

/** The page that this script runs in. */
export const page: OneTabPlatform = {
  ...browser,
  openChannel(name, hear) {
    const channel = new BroadcastChannel(name);
    channel.onmessage = ({ data }) => hear(data);
    return { post: (message) => channel.postMessage(message), close: () => channel.close() };
  },
};
