import type { Entry } from './entry.ts';

/**
 * Which commands may be handed to the socket now (PROTOCOL, obligation 5). High: one in flight per topic, and one that
 * waits holds its topic's later ones back. Normal: in order, a window in flight, after every high one that could go.
 *
 * @param pending high before normal, first in first out within each. `held`: it cannot go for a reason of its own.
 */
export function pickNext(
  pending: readonly { entry: Entry; held: boolean }[],
  inFlightLimit: number,
): Entry[] {
  const picked: Entry[] = [];
  const busyTopics = new Set<string | null>();
  const stalledTopics = new Set<string | null>();
  let highsAhead = false;
  let window = 0;
  for (const { entry } of pending) {
    const { state } = entry.delivery;
    if (entry.row.priority === 'normal' && (state === 'in_flight' || state === 'marking')) window++;
  }
  for (const { entry, held } of pending) {
    const { topic, priority } = entry.row;
    const { state } = entry.delivery;
    if (priority === 'high') {
      const stalls = state === 'waiting' || held;
      if (stalledTopics.has(topic)) continue;
      if (stalls) stalledTopics.add(topic);
      else if (state === 'ready' && !busyTopics.has(topic)) picked.push(entry);
      else if (state === 'ready') highsAhead = true;
      if (state === 'marking') highsAhead = true;
      busyTopics.add(topic);
    } else if (state === 'ready' && !held && !highsAhead && window < inFlightLimit) {
      picked.push(entry);
      window++;
    }
  }
  return picked;
}
