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
const WIDTH = 14;

/** The titles, then a line for each sample. */
export function columnsOf(samples: readonly Sample[]): string[][] {
  return [
    COLUMNS.map(([title]) => title),
    ...samples.map((sample) => COLUMNS.map(([, show]) => show(sample))),
  ];
}

export function printSample(sample: Sample, withHead: boolean): void {
  for (const cells of columnsOf([sample]).slice(withHead ? 0 : 1)) {
    console.log(cells.map((cell) => cell.padStart(WIDTH)).join(''));
  }
}
