import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Machine } from '../run/machine.ts';
import { columnsOf } from './print.ts';
import type { Sample } from './sample.ts';
import { growthOf, steadyOf } from './verdict.ts';

export interface SoakResults {
  readonly machine: Machine;
  readonly startedAt: string;
  readonly samples: readonly Sample[];
  readonly faults: readonly string[];
}

export const SOAK_FILE = join(import.meta.dirname, '../results/soak.json');

/** Start, middle and end, in Markdown; `null` where none was kept. */
export function soakInWords(): string | null {
  if (!existsSync(SOAK_FILE)) return null;
  const { machine, startedAt, samples, faults }: SoakResults = JSON.parse(readFileSync(SOAK_FILE, 'utf8'));
  const shown = [samples[0], samples[Math.floor(samples.length / 2)], samples.at(-1)].filter(
    (sample) => sample !== undefined,
  );
  const growth = (heap: 'workerHeapBytes' | 'pageHeapBytes') =>
    `${(growthOf(steadyOf(samples).map((sample) => sample[heap])) * 100).toFixed(1)}%`;
  const [head = [], ...rows] = columnsOf(shown);
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [
    `Of ${startedAt.slice(0, 10)}, commit ${machine.commit}, the same kind of machine as above. Growth of the worker's heap:`,
    `${growth('workerHeapBytes')}, of the page's: ${growth('pageHeapBytes')}. ${faults.length === 0 ? 'Flat.' : faults.join('; ')}`,
    '',
    'Sockets: now (and ever at a time). Locks: held+waited for. Rows: entries/outcomes/cursors/meta.',
    '',
    ...[head, head.map(() => '---'), ...rows].map(line),
  ].join('\n');
}
