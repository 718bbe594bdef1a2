import type { Sample } from './sample.ts';

const COLUMNS: readonly (readonly [title: string, show: (sample: Sample) => string])[] = [
  ['minute', ({ minute }) => minute.toFixed(1)],
  ['events', ({ events }) => events.toLocaleString('en')],
  ['worker heap', ({ workerHeapBytes }) => `${(workerHeapBytes / 1_000_000).toFixed(2)} MB`],
  ['page heap', ({ pageHeapBytes }) => `${(pageHeapBytes / 1_000_000).toFixed(2)} MB`],
  ['sockets', ({ sockets, mostSockets }) => `${sockets} (${mostSockets})`],
  ['locks', ({ locksHeld, locksPending }) => `${locksHeld}+${locksPending}`],
  ['ports', ({ tabs }) => String(tabs)],
  ['keys', ({ keys }) => String(keys)],
  ['rows', ({ rows }) => Object.values(rows).join('/')],
];
const WIDTH = 12;

export function printSamples(samples: readonly Sample[], withHead: boolean): void {
  if (withHead) console.log(COLUMNS.map(([title]) => title.padStart(WIDTH)).join(''));
  for (const sample of samples) console.log(COLUMNS.map(([, show]) => show(sample).padStart(WIDTH)).join(''));
}
