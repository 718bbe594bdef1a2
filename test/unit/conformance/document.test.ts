import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import type { Need } from '../../../src/conformance/case.ts';
import { CASES } from '../../../src/conformance/cases/index.ts';
import { readProfile } from '../../../src/conformance/index.ts';

const document = readFileSync(new URL('../../../docs/conformance.md', import.meta.url), 'utf8');
const rows = document
  .split('\n')
  .filter((line) => line.startsWith('| '))
  .map((line) =>
    line
      .slice(2, -2)
      .split(' | ')
      .map((cell) => cell.trim()),
  );

/** Where the document says from which level on something is needed: the column before, or two before. */
const placeOf: Readonly<Record<Need, readonly [column: number, name: string]>> = {
  publish: [1, '`publish`'],
  kill: [1, '`kill`'],
  stop: [1, '`stop`'],
  keep: [1, '`keep`'],
  lose: [1, '`lose`'],
  backup: [1, '`backup`'],
  renew: [1, '`renew`'],
  runs: [1, '`runs`'],
  accept: [0, '`commands.accept`'],
  slow: [0, '`commands.slow`'],
  refuse: [0, '`commands.refuse`'],
  later: [0, '`commands.later`'],
  events: [1, '`publish`'],
  'two people': [0, '`people`'],
  'slow token': [0, '`people[0].slow_token`'],
  result: [0, '`commands.accept.result`'],
  'refused token': [0, '`refused_token`'],
  'refused version': [0, '`refused_version`'],
  'own topic': [0, '`topics.name`'],
  'forbidden topic': [0, '`topics.forbidden`'],
  'unknown topic': [0, '`topics.unknown`'],
};

test('the document says from which level on each field of the profile is needed', () => {
  const needed = new Map<string, string>();
  const said = new Map<string, string>();
  for (const { level, needs = [] } of CASES) {
    for (const need of needs) {
      const [column, name] = placeOf[need];
      if (needed.get(name) !== 'smallest') needed.set(name, level);
      const row = rows.find((cells) => cells[column] === name);
      said.set(name, row?.[column + 1]?.split(':')[0] ?? 'nowhere');
    }
  }
  expect(Object.fromEntries(said)).toEqual(Object.fromEntries(needed));
});

test('the profiles in the document can be read', () => {
  const profiles = [...document.matchAll(/```json\n([^`]*)```/g)].map(([, text = '']) => text);
  expect(profiles).toHaveLength(2);
  for (const profile of profiles) expect(() => readProfile(JSON.parse(profile))).not.toThrow();
});
