import { resolve } from 'node:path';
import { command, commandLine, WrongArguments } from '../scripts/command-line.ts';

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

const BENCH = command({
  name: 'npm run bench',
  about: `The library beside its peers and the limits. A whole run, about an hour and three quarters, is kept in
bench/results/latest.json and told in docs/benchmarks.md.`,
  options: {
    quick: { type: 'flag', about: 'for a first look, with no figures to keep' },
    only: { type: 'texts', takes: 'NAME', about: 'this case, or this family: cost has cost-10' },
    contender: { type: 'texts', takes: 'NAME', about: 'this one' },
    rounds: { type: 'number', takes: 'N', about: `so many turns (${ROUNDS}, or 1 with --quick)` },
    against: {
      type: 'text',
      takes: 'REF',
      about: "measures today's build against the one of this commit instead of its peers; kept nowhere",
    },
    trace: { type: 'text', takes: 'FILE', default: TRACE, about: 'the workflow execution that is replayed' },
    report: { type: 'flag', about: 'measures nothing, and writes the document anew' },
  },
});

export function readArguments(): Options {
  return commandLine(BENCH, ({ values }) => {
    const { only, contender: contenders, quick, against, trace: traceFile, report: reportOnly } = values;
    const rounds = values.rounds ?? (quick ? 1 : ROUNDS);
    if (!Number.isInteger(rounds) || rounds < 1)
      throw new WrongArguments('--rounds takes a positive integer');
    return { rounds, only, contenders, quick, against, traceFile, reportOnly };
  });
}
