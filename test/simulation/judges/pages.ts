import { isDeepStrictEqual } from 'node:util';
import type { SimTab } from '../tab.ts';
import type { World } from '../world.ts';

/** A page is live, and shows what the server has. */
export async function judgePage({ server, problems }: World, tab: SimTab, topic: string): Promise<void> {
  const state = await server.log.state(topic);
  const about = `tab ${tab.number}, topic ${topic}:`;
  const status = tab.client.topic(topic).status.get();
  if (status.state !== 'live' || status.offset !== state.offset || status.epoch !== state.epoch) {
    problems.push(
      `${about} ${JSON.stringify(status)}, but the server is at ${state.offset} of ${state.epoch}`,
    );
    return;
  }
  const keyed = state.events
    .filter(({ key }) => key !== null)
    .map(({ key, event }) => [key, JSON.parse(event)]);
  if (server.chronicle.isAmbiguous(topic)) return;
  const wanted = Object.fromEntries(keyed);
  const shown = tab.state(topic);
  if (!isDeepStrictEqual(shown, wanted)) {
    problems.push(`${about} shows ${JSON.stringify(shown)} instead of ${JSON.stringify(wanted)}`);
  }
  const nodes = Object.fromEntries(
    keyed.flatMap(([, event]) => (event.type === 'node' ? [[event.id, event]] : [])),
  );
  const folded = tab.folded(topic);
  if (!isDeepStrictEqual(folded, nodes)) {
    problems.push(`${about} folds to ${JSON.stringify(folded)} instead of ${JSON.stringify(nodes)}`);
  }
}

/**
 * A page that lived to the end was given every event without a key that came after it had begun and that the server still
 * has, or told of its loss. In a new epoch a server knows by the time alone what a page has missed: where its clock was set
 * back as well, what came under times that the page has seen is in its state, and no page is told more of it.
 */
export function judgeMissed({ server, ledger, problems }: World, tab: SimTab, topic: string): void {
  if (server.amnesias > 0 && ledger.circumstances.serversClockWasSet) return;
  const { before = 0, dropped = 0, hasGap = false } = tab.losses.get(topic) ?? {};
  const told = before + dropped;
  const begun = tab.begunAt.get(topic);
  const listener = tab.listeners.get(topic)?.find(({ replay }) => replay === 'missed');
  if (begun === undefined || !listener) return;
  const given = new Set(listener.seen.map(({ ts, offset }) => `${ts} ${offset}`));
  const missing = server.chronicle.published.filter(
    ({ topic: of, epoch, offset, ts, at, isLosable, isForgotten }) =>
      of === topic &&
      isLosable &&
      !isForgotten &&
      (epoch === begun.epoch ? offset > begun.offset : at > begun.at) &&
      !given.has(`${ts} ${offset}`),
  );
  if (missing.length > told && !hasGap) {
    const offsets = missing.map(({ offset }) => offset);
    problems.push(`tab ${tab.number} was never given ${offsets} of ${topic}, and told of ${told} losses`);
  }
}
