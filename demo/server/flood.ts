import { setTimeout as sleep } from 'node:timers/promises';
import type { EventInput } from 'trunkline/protocol';
import type { ConsoleProtocol } from '../engine/protocol.ts';

type FloodEvent = EventInput<ConsoleProtocol, 'flood'>;

/** The events are about so many things: what a page cannot show in time, it need not. */
const SLOTS = 50;
const TICK_MS = 20;

/**
 * Publishes as many events a second, until the time is over or `signal` is aborted; then takes them back. A log that
 * cannot keep up slows it down. Answers how many there were.
 */
export async function flood(
  publish: (event: FloodEvent) => Promise<unknown>,
  { perSecond, seconds, signal }: { perSecond: number; seconds: number; signal: AbortSignal },
): Promise<number> {
  const startedAt = performance.now();
  const total = Math.round(perSecond * seconds);
  let sent = 0;
  while (sent < total && !signal.aborted) {
    const due = Math.min(total, Math.ceil(((performance.now() - startedAt) / 1_000) * perSecond));
    const batch: Promise<unknown>[] = [];
    for (; sent < due; sent += 1) {
      batch.push(publish({ type: 'flood', slot: sent % SLOTS, n: sent + 1, at: Date.now(), over: false }));
    }
    await Promise.all(batch);
    await sleep(TICK_MS);
  }
  const ends = Array.from({ length: Math.min(SLOTS, sent) }, (_, slot) =>
    publish({ type: 'flood', slot, n: sent, at: Date.now(), over: true }),
  );
  await Promise.all(ends);
  return sent;
}
