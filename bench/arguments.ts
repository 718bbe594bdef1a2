import { parseArgs } from 'node:util';

export interface Options {
  readonly rounds: number;
  /** Cases of these names, or of these families (`cost` has `cost-10`); all where there is none. */
  readonly only: readonly string[];
  readonly contenders: readonly string[];
  readonly quick: boolean;
}

const ROUNDS = 5;

export function readArguments(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      rounds: { type: 'string' },
      only: { type: 'string', multiple: true, default: [] },
      contender: { type: 'string', multiple: true, default: [] },
      quick: { type: 'boolean', default: false },
    },
  });
  const rounds = Number(values.rounds ?? (values.quick ? 1 : ROUNDS));
  if (!Number.isInteger(rounds) || rounds < 1) throw new Error('--rounds takes a positive integer');
  return { rounds, only: values.only, contenders: values.contender, quick: values.quick };
}
