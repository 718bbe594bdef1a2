import { expect, test } from 'vitest';
import { behind, sayBehind } from '../../../demo/console/gates/behind.ts';

const step = (nodeId: string, ...after: string[]) => ({
  nodeId,
  title: `Do ${nodeId}`,
  kind: 'task' as const,
  after,
});
const graph = [
  step('build'),
  step('gate', 'build'),
  step('lint', 'build'),
  step('deploy', 'gate'),
  step('announce', 'deploy', 'lint'),
  step('clean', 'gate'),
];
const idsBehind = (nodeId: string) => behind(nodeId, graph).map((step) => step.nodeId);

test('behind a node is all that runs only after it, the nearest first, each once', () => {
  expect(idsBehind('gate')).toEqual(['deploy', 'clean', 'announce']);
  expect(idsBehind('build')).toEqual(['gate', 'lint', 'deploy', 'clean', 'announce']);
  expect(idsBehind('announce')).toEqual([]);
});

test('a graph whose nodes wait for each other in a circle has an end', () => {
  const circle = [step('a', 'b'), step('b', 'a')];
  expect(behind('a', circle).map(({ nodeId }) => nodeId)).toEqual(['b', 'a']);
});

test('what is behind a node is said by the first of it and how many more there are', () => {
  expect(sayBehind([])).toBe('nothing, it is the last step');
  expect(sayBehind(['Write the report'])).toBe('Write the report');
  expect(sayBehind(['Write the report', 'Mail it', 'Print it', 'File it'])).toBe(
    'Write the report, and 3 more',
  );
});
