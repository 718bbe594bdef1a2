import { expect, test } from 'vitest';
import { createFailures, type Failure } from '../../../demo/console/errors/failures.ts';
import { sayFailures } from '../../../demo/console/errors/words.ts';

const failure = (title: string, rest: Partial<Failure> = {}): Failure => ({
  id: `run@${title}`,
  runId: 'run',
  nodeId: title.toLowerCase(),
  title,
  state: 'failed',
  message: `${title} ended with code 3`,
  at: 0,
  isSeen: false,
  ...rest,
});

test('one failure says what happened, several say how many nodes it was and which', () => {
  const [lint, types, build, docs] = ['Lint', 'Types', 'Build', 'Docs'].map((title) => failure(title));
  if (!lint || !types || !build || !docs) throw new Error('there are four');
  expect(sayFailures([])).toBe('');
  expect(sayFailures([lint])).toBe('Lint ended with code 3');
  expect(sayFailures([lint, types, build])).toBe('3 nodes have failed: Lint, Types and Build');
  expect(sayFailures([lint, types, build, docs])).toBe('4 nodes have failed: Lint, Types, Build and 1 more');
  expect(sayFailures([lint, { ...types, runId: 'other' }])).toBe(
    '2 nodes of 2 runs have failed: Lint and Types',
  );
});

test('a node that has failed twice is one node, and the newest failure is told', () => {
  const again = failure('Lint', { id: 'run@again', message: 'Lint ended with code 4' });
  expect(sayFailures([failure('Lint'), again])).toBe('Lint ended with code 4');
});

test('what a restart broke off is not said to have failed', () => {
  const brokenOff = ['Lint', 'Types'].map((title) => failure(title, { state: 'interrupted' }));
  expect(sayFailures(brokenOff)).toBe('2 nodes were broken off: Lint and Types');
  expect(sayFailures([...brokenOff, failure('Build')])).toMatch(/^3 nodes have failed or were broken off/);
});

test('a failure names its node by its title, also where the engine’s message does not', () => {
  expect(sayFailures([failure('Write the report', { message: 'disk full' })])).toBe(
    'Write the report: disk full',
  );
  const { title: _, ...old } = failure('Lint', { message: 'ended with code 3' });
  expect(sayFailures([old]), 'an engine of an older version tells no title').toBe('lint: ended with code 3');
  expect(sayFailures([failure('Lint', { nodeId: null, message: 'The budget is used up' })])).toBe(
    'The budget is used up',
  );
});

test('an event that comes again is no other failure, and what was seen stays in the list', () => {
  const failures = createFailures();
  for (const title of ['Lint', 'Lint', 'Types']) failures.add(failure(title));
  expect(failures.get().map(({ title }) => title)).toEqual(['Lint', 'Types']);
  failures.see(failures.get().slice(0, 1));
  failures.add(failure('Lint'));
  expect(failures.get().map(({ isSeen }) => isSeen)).toEqual([true, false]);
});
