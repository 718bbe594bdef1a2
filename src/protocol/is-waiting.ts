/** Whether a command of the outbox is still to end. */
import type { AnyOutboxEntry } from './port.ts';

export const isWaiting = ({ state }: AnyOutboxEntry) => /queued|sent|waiting|withdrawing/.test(state);
