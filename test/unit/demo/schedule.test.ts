import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parsePipeline } from '../../../demo/engine/pipeline.ts';
import { Schedule } from '../../../demo/engine/schedule.ts';
import { BUDGET } from './support/workshop.ts';

const nodesOf = (edges: readonly (readonly number[])[]) =>
  parsePipeline(
    {
      title: 'T',
      budget: BUDGET,
      nodes: edges.map((after, id) => ({ id: `${id}`, run: ['true'], after: after.map(String) })),
    },
    'test',
    'test',
  ).nodes;

/** Nodes that depend on some of those before them. */
const graphs = fc
  .integer({ min: 1, max: 12 })
  .chain((count) =>
    fc.tuple(
      ...Array.from({ length: count }, (_, id) =>
        id === 0 ? fc.constant([] as number[]) : fc.uniqueArray(fc.integer({ min: 0, max: id - 1 })),
      ),
    ),
  );

test('whatever fails, every node is either run after all that it depends on, or given up', () => {
  fc.assert(
    fc.property(graphs, fc.infiniteStream(fc.boolean()), (edges, outcomes) => {
      const nodes = nodesOf(edges);
      const schedule = new Schedule(nodes);
      const play = (succeeds: () => boolean) => {
        for (let [id] = schedule.readyTasks; id !== undefined; [id] = schedule.readyTasks) {
          for (const name of schedule.node(id)?.after ?? []) expect(schedule.state(name)).toBe('succeeded');
          schedule.set(id, 'running');
          schedule.set(id, succeeds() ? 'succeeded' : 'failed');
          for (const { id: hopeless } of schedule.hopeless([id])) schedule.set(hopeless, 'skipped');
        }
        expect(schedule.count('pending') + schedule.count('running')).toBe(0);
      };
      play(() => outcomes.next().value);
      expect(schedule.runState).toBe(schedule.count('failed') > 0 ? 'failed' : 'succeeded');

      // All that failed is run again, one after the other, until nothing is left to do.
      for (let [failed] = schedule.ids('failed'); failed !== undefined; [failed] = schedule.ids('failed')) {
        for (const id of schedule.retried(failed) ?? []) schedule.set(id, 'pending');
        play(() => true);
      }
      expect(schedule.runState).toBe('succeeded');
      expect(schedule.count('succeeded')).toBe(nodes.length);
    }),
  );
});

test('run again from any node, what depends on it runs once more, in order, and nothing else does', () => {
  fc.assert(
    fc.property(graphs, fc.nat(), fc.infiniteStream(fc.boolean()), (edges, from, outcomes) => {
      const nodes = nodesOf(edges);
      const schedule = new Schedule(nodes);
      const play = (succeeds: () => boolean): Set<string> => {
        const ran = new Set<string>();
        for (let [id] = schedule.readyTasks; id !== undefined; [id] = schedule.readyTasks) {
          ran.add(id);
          schedule.set(id, succeeds() ? 'succeeded' : 'failed');
          for (const { id: hopeless } of schedule.hopeless([id])) schedule.set(hopeless, 'skipped');
        }
        return ran;
      };
      const first = play(() => outcomes.next().value);
      const succeeded = schedule.ids('succeeded');
      const chosen = succeeded[from % succeeded.length];
      if (chosen === undefined) return;

      const { again, inTheWay } = schedule.rerun(chosen);
      expect(inTheWay).toEqual([]);
      for (const id of again) schedule.set(id, 'pending');
      expect(schedule.hopeless(nodes.map(({ id }) => id))).toEqual([]);
      const second = play(() => true);
      expect([...second].sort()).toEqual([...again].sort());
      for (const id of first) expect(second.has(id)).toBe(id === chosen || dependsOn(edges, id, chosen));

      for (const id of schedule.retriedFailed) schedule.set(id, 'pending');
      play(() => true);
      expect(schedule.runState).toBe('succeeded');
    }),
  );
});

function dependsOn(edges: readonly (readonly number[])[], id: string, on: string): boolean {
  return (edges[Number(id)] ?? []).some(
    (before) => String(before) === on || dependsOn(edges, String(before), on),
  );
}

test('what is at work after a node is in the way of running it again', () => {
  const schedule = new Schedule(
    nodesOf([[], [0], [1], []]),
    new Map([
      ['0', 'succeeded'],
      ['1', 'succeeded'],
      ['2', 'running'],
      ['3', 'running'],
    ]),
  );
  expect(schedule.rerun('0')).toEqual({ again: ['0', '1'], inTheWay: ['2'] });
});

test('what was interrupted holds up what depends on it, without giving it up', () => {
  const schedule = new Schedule(nodesOf([[], [0], []]), new Map([['0', 'interrupted']]));
  expect([...schedule.readyTasks]).toEqual(['2']);
  schedule.set('2', 'succeeded');
  expect(schedule.runState).toBe('interrupted');
  expect(schedule.hopeless(['0'])).toEqual([]);
  expect(schedule.retried('0')).toEqual(['0']);
  expect(schedule.retried('1')).toBeNull();
});
