import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { isGate, loadPipeline, parsePipeline } from '../../../demo/engine/pipeline.ts';
import { BUDGET, temporaryFolder } from './support/workshop.ts';

const PIPELINES = join(import.meta.dirname, '../../../demo/pipelines');
const messageOf = (nodes: unknown, rest: object = {}): string => {
  try {
    parsePipeline({ title: 'T', budget: BUDGET, nodes, ...rest }, 'file.json', 'name');
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
  return 'no error';
};

test.each(['audit', 'trouble'])('the pipeline %s that comes with the demo is one', async (name) => {
  const pipeline = await loadPipeline(join(PIPELINES, `${name}.json`), name);
  expect(pipeline.name).toBe(name);
  expect(pipeline.nodes.some(isGate)).toBe(true);
});

test('what is left out has its default', () => {
  const { nodes, parallel, budget } = parsePipeline(
    {
      title: 'T',
      budget: BUDGET,
      nodes: [
        { id: 'a', run: ['true'] },
        { id: 'g', gate: { title: 'Well?' } },
      ],
    },
    'file.json',
    'name',
  );
  expect(parallel).toBe(2);
  expect(budget?.currency).toBe('USD');
  expect(nodes[0]).toMatchObject({ after: [], timeoutSeconds: 60, retries: 0, repeatable: false, cost: 0 });
  expect(nodes[1]).toMatchObject({
    gate: { timeLimitSeconds: 300, onExpiry: 'reject', decidedBy: 'anybody', show: [] },
  });
});

test.each([
  ['a wrong type', [{ id: 'a', run: ['true'], retries: 'x' }], 'nodes[0].retries: '],
  ['an unknown field', [{ id: 'a', run: ['true'], retry: 1 }], 'nodes[0].retry: there is no such field'],
  ['neither a task nor a gate', [{ id: 'a' }], 'nodes[0].run: it has to be there'],
  ['an id with a blank', [{ id: 'a b', run: ['true'] }], 'nodes[0].id: letters, digits'],
  ['a gate without a title', [{ id: 'g', gate: {} }], 'nodes[0].gate.title: '],
  [
    'a file elsewhere',
    [{ id: 'g', gate: { title: 'T', show: [{ label: 'L', file: '../x' }] } }],
    'nodes[0].gate.show[0].file: ',
  ],
  ['no nodes', [], 'nodes: '],
  [
    'an unknown dependency',
    [{ id: 'a', run: ['true'], after: ['b'] }],
    'nodes[0].after[0]: there is no node "b"',
  ],
  [
    'an id twice',
    [
      { id: 'a', run: ['true'] },
      { id: 'a', run: ['true'] },
    ],
    'nodes[1].id: "a" is there twice',
  ],
  [
    'a node that waits for itself',
    [{ id: 'a', run: ['true'], after: ['a'] }],
    'nodes: a → a wait for each other',
  ],
  [
    'a circle',
    [
      { id: 'start', run: ['true'] },
      { id: 'a', run: ['true'], after: ['start', 'c'] },
      { id: 'b', run: ['true'], after: ['a'] },
      { id: 'c', run: ['true'], after: ['b'] },
    ],
    'nodes: a → c → b → a wait for each other',
  ],
])('%s is refused, with its place', (_name, nodes, message) => {
  expect(messageOf(nodes)).toContain(`file.json: ${message}`);
});

test('a field of the pipeline itself is named as well', () => {
  expect(messageOf([{ id: 'a', run: ['true'] }], { budget: { limit: 0 } })).toContain('budget.limit: ');
});

test('of a gate with several faults those of the gate are told, not that it is no task', () => {
  const gate = { title: 1, show: 2, onExpiry: 3 };
  const lines = messageOf([{ id: 'g', gate }]).split('\n');
  expect(lines.map((line) => line.split(': ')[1])).toEqual([
    'nodes[0].gate.title',
    'nodes[0].gate.show',
    'nodes[0].gate.onExpiry',
  ]);
});

test('a file that cannot be read, or is no JSON, is named', async () => {
  const path = join(temporaryFolder(), 'p.json');
  await expect(loadPipeline(path, 'p')).rejects.toThrow(path);
  writeFileSync(path, '{\n  "title" "T"\n}');
  await expect(loadPipeline(path, 'p')).rejects.toThrow(`${path}:2:11: `);
});

test('all faults of a file are told at once, each with its line and column', async () => {
  const path = join(temporaryFolder(), 'p.json');
  const lines = [
    '{',
    '  "title": 5,',
    '  "colour": "red",',
    '  "nodes": [',
    '    { "id": "a", "run": ["true"], "after": ["b", "gone"] },',
    '    { "id": "b", "gate": { "title": "Well?", "timeLimitSeconds": "1" } },',
    '    { "id": "b", "run": [] }',
    '  ]',
    '}',
  ];
  writeFileSync(path, lines.join('\n'));
  const told: string = await loadPipeline(path, 'p').then(
    () => 'no error',
    (error) => error.message,
  );
  expect(
    told.split('\n').map((line) => line.slice(path.length + 1).replace(/: (Invalid|Too).*/, '')),
  ).toEqual([
    '2:12: title',
    '3:3: colour: there is no such field',
    '5:50: nodes[0].after[1]: there is no node "gone"',
    '6:66: nodes[1].gate.timeLimitSeconds',
    '7:13: nodes[2].id: "b" is there twice',
    '7:25: nodes[2].run',
  ]);
});
