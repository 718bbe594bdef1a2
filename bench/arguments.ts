import { resolve } from 'node:path';
import { parseArgs } from 'node:util';

export interface Options {
  readonly rounds: number;
  /** Cases of these names, or of these families (`cost` has `cost-10`); all where there is none. */
  readonly only: readonly string[];
  readonly contenders: readonly string[];
  readonly quick: boolean;
  /** The commit whose build today's is measured against, instead of against its peers. */
  readonly against: string | null;
  readonly traceFile: string;
  /** Measure nothing: write what follows from the results that are there. */
  readonly reportOnly: boolean;
}

const ROUNDS = 5;
/** The largest of those that may lie beside the repository. */
const TRACE = resolve(import.meta.dirname, '../../shared/traces/seismology-chameleon-200p-001.json');

export function readArguments(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      rounds: { type: 'string' },
      only: { type: 'string', multiple: true, default: [] },
      contender: { type: 'string', multiple: true, default: [] },
      against: { type: 'string' },
      trace: { type: 'string', default: TRACE },
      report: { type: 'boolean', default: false },
      quick: { type: 'boolean', default: false },
    },
  });
  const rounds = Number(values.rounds ?? (values.quick ? 1 : ROUNDS));
  if (!Number.isInteger(rounds) || rounds < 1) throw new Error('--rounds takes a positive integer');
  const { only, contender: contenders, quick, against = null, trace: traceFile, report: reportOnly } = values;
  return { rounds, only, contenders, quick, against, traceFile, reportOnly };
}
