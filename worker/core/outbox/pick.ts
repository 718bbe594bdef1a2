/** Which commands may leave now, and in which order. */
import type { Entry } from './entry.ts';

/** In bytes. What else is to go, a decision or the question whether the line lives, is behind no more of them than that. */
const WINDOW_BYTES = 65_536;

/**
 * Which commands may be handed to the socket now (PROTOCOL, obligation 5). High: one in flight per topic, and one that
 * waits holds its topic's later ones back. Normal: in order, a window in flight, after every high one that could go;
 * one alone is never too large for it.
 *
 * @param pending high before normal, first in first out within each. `held`: it cannot go for a reason of its own. `bytes`: of its
 * frame.
 */
export function pickNext(
  pending: readonly { entry: Entry; held: boolean; bytes: number }[],
  inFlightLimit: number,
): Entry[] {
  const picked: Entry[] = [];
  const busyTopics = new Set<string | null>();
  const stalledTopics = new Set<string | null>();
  let highsAhead = false;
  let window = 0;
  let windowBytes = 0;
  for (const { entry, bytes } of pending) {
    const { state } = entry.delivery;
    if (state !== 'in_flight' && state !== 'marking') continue;
    if (entry.row.priority === 'high') busyTopics.add(entry.row.topic);
    else {
      window++;
      windowBytes += bytes;
    }
  }
  for (const { entry, held, bytes } of pending) {
    const { topic, priority } = entry.row;
    const { state } = entry.delivery;
    if (priority === 'high') {
      if (stalledTopics.has(topic) || state === 'in_flight') continue;
      if (state === 'waiting' || held) stalledTopics.add(topic);
      else if (state === 'ready' && !busyTopics.has(topic)) picked.push(entry);
      else highsAhead = true;
      busyTopics.add(topic);
    } else {
      if (state === 'storing' || highsAhead || window >= inFlightLimit) break;
      if (state !== 'ready' || held) continue;
      if (window > 0 && windowBytes + bytes > WINDOW_BYTES) break;
      picked.push(entry);
      window++;
      windowBytes += bytes;
    }
  }
  return picked;
}
