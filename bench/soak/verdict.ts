import { median } from '../shared/quantile.ts';
import type { Sample } from './sample.ts';

/** Of the samples, those at the start that only warm up: caches fill, code is compiled. */
const WARM_UP_SHARE = 0.25;
const GROWTH_LIMIT = 0.1;
/** As many as the hub remembers for pages that are reloaded. */
export const OUTCOMES_KEPT = 1_000;
/** Those, and one window of commands that ended since it last tidied up. */
const OUTCOMES_LIMIT = OUTCOMES_KEPT + 16;

/** What grew or was not as it must be; nothing where all is flat. */
export function findFaults(samples: readonly Sample[]): string[] {
  const steady = steadyOf(samples);
  const [first] = steady;
  const last = steady.at(-1);
  if (!first || !last || steady.length < 3) return ['there are too few samples to tell'];
  const faults: string[] = [];
  for (const heap of ['workerHeapBytes', 'pageHeapBytes'] as const) {
    const growth = growthOf(steady.map((sample) => sample[heap]));
    if (growth >= GROWTH_LIMIT) faults.push(`${heap} grew by ${(growth * 100).toFixed(1)}%`);
  }
  for (const [index, sample] of samples.entries()) {
    const where = `sample ${index + 1}`;
    if (sample.mostSockets !== 1) faults.push(`${where}: ${sample.mostSockets} sockets at the same time`);
    if (sample.sockets !== 1) faults.push(`${where}: ${sample.sockets} sockets`);
    if (sample.queued > 0) faults.push(`${where}: ${sample.queued} events wait though every tab has them`);
    for (const same of ['tabs', 'keys', 'locksHeld', 'locksPending'] as const) {
      if (sample[same] !== first[same]) faults.push(`${where}: ${sample[same]} ${same}, not ${first[same]}`);
    }
    const { entries, outcomes, cursors, meta } = sample.rows;
    if (entries > 0) faults.push(`${where}: ${entries} entries are left in the outbox`);
    if (outcomes > OUTCOMES_LIMIT) faults.push(`${where}: ${outcomes} outcomes are kept`);
    if (cursors !== 1 || meta !== 1) faults.push(`${where}: ${cursors} cursors, ${meta} rows of meta`);
  }
  return faults;
}

/** Those after the warm-up. */
export function steadyOf(samples: readonly Sample[]): readonly Sample[] {
  return samples.slice(Math.floor(samples.length * WARM_UP_SHARE));
}

/** From the median of the first third to that of the last one. */
export function growthOf(values: readonly number[]): number {
  const third = Math.max(1, Math.floor(values.length / 3));
  return median(values.slice(-third)) / median(values.slice(0, third)) - 1;
}
