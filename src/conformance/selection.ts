/** Which obligations are asked about: up to a level, and by their names. */
import type { Case } from './case.ts';
import { CASES } from './cases/index.ts';
import type { Level, Rule } from './obligation.ts';
import { RULES, type RuleId } from './rules/table.ts';

export interface Selection {
  readonly cases: readonly Case[];
  /** All of the level: one that is broken is told whatever was asked about. */
  readonly rules: readonly (Rule & { readonly id: RuleId })[];
  isNamed(obligation: { readonly id: string }): boolean;
}

/** @throws TypeError where nothing of that level has one of these texts in its name. */
export function select(level: Level, only?: readonly string[]): Selection {
  const isAsked = (one: { level: Level }) => level === 'full' || one.level === 'smallest';
  const isNamed = ({ id }: { id: string }) => only === undefined || only.some((text) => id.includes(text));
  const names = [...CASES, ...RULES].filter(isAsked).map(({ id }) => id);
  const nobodys = only?.find((text) => !names.some((name) => name.includes(text)));
  if (nobodys !== undefined) {
    throw new TypeError(`no case of level ${level} has ${JSON.stringify(nobodys)} in its name`);
  }
  return {
    cases: CASES.filter((one) => isAsked(one) && isNamed(one)),
    rules: RULES.filter(isAsked),
    isNamed,
  };
}
