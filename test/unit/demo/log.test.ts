/** The lines of a run as the console keeps, searches and saves them. */
import { expect, test } from 'vitest';
import { logText } from '../../../demo/console/log/as-text.ts';
import { besides, LineSearch, partsOf } from '../../../demo/console/log/line-search.ts';
import { type LineList, RunLog } from '../../../demo/console/log/run-log.ts';
import type { LogStream } from '../../../demo/engine/protocol.ts';

const NOON = Date.UTC(2026, 0, 2, 12);

function write(log: RunLog, nodeId: string, line: string, number?: number, stream: LogStream = 'out'): void {
  const numbered = number === undefined ? {} : { number, at: NOON + number };
  log.add({ type: 'log', nodeId, stream, line, ...numbered });
}
const texts = (list: LineList) => [...list].map(({ text }) => text);

test('lines are there by node and all together, in their order', () => {
  const log = new RunLog();
  for (const [nodeId, line] of [
    ['a', 'one'],
    ['b', 'two'],
    ['a', 'three'],
  ] as const)
    write(log, nodeId, line);
  expect(texts(log.of(null))).toEqual(['one', 'two', 'three']);
  expect(texts(log.of('a'))).toEqual(['one', 'three']);
  expect(texts(log.of('never wrote'))).toEqual([]);
});

test('what came before the first kept line is counted, of a node of which no line is left, too', () => {
  const log = new RunLog();
  write(log, 'a', 'x', 11);
  write(log, 'a', 'y', 12);
  write(log, 'old', 'not numbered');
  const written = new Map([
    ['a', 9],
    ['gone', 30],
    ['old', 0],
  ]);
  expect(log.cutBefore('a', written)).toBe(10);
  expect(log.cutBefore('gone', written)).toBe(30);
  expect(log.cutBefore('old', written)).toBe(0);
  expect(log.cutBefore(null, written)).toBe(40);
});

test('a line says how many are missing ahead of it', () => {
  const log = new RunLog();
  for (const number of [5, 6, 9]) write(log, 'a', `${number}`, number);
  expect([...log.of('a')].map(({ gap }) => gap)).toEqual([0, 0, 2]);
});

test('of more than 100,000 lines the first are dropped, of each node its own, and the others keep their positions', () => {
  const log = new RunLog();
  const COUNT = 250_000;
  for (let index = 0; index < COUNT; index += 1)
    write(log, index % 10 === 0 ? 'seldom' : 'often', `line ${index}`, Math.floor(index / 10) + 1);
  const all = log.of(null);
  expect(all.length).toBeGreaterThanOrEqual(100_000);
  expect(all.length).toBeLessThan(110_000);
  expect(all.end).toBe(COUNT);
  expect(all.at(COUNT - 1)?.text).toBe(`line ${COUNT - 1}`);
  expect(all.at(all.first - 1)).toBeUndefined();
  const seldom = log.of('seldom');
  expect(seldom.length).toBe(Math.ceil(all.length / 10));
  expect(seldom.at(seldom.first)?.text).toBe(`line ${all.first}`);
  expect(log.cutBefore('seldom', new Map())).toBe(all.first / 10);
});

test('a search finds lines in any case, looks at each line once, and forgets those that are dropped', () => {
  const log = new RunLog();
  for (let index = 0; index < 100_000; index += 1) write(log, 'a', index % 1_000 === 0 ? 'An Error' : 'fine');
  const search = new LineSearch(log.all, 'error');
  expect(search.look()).toHaveLength(100);
  expect(search.look()[1]).toBe(1_000);
  write(log, 'a', 'error again');
  expect(search.look().at(-1)).toBe(100_000);
  for (let index = 0; index < 10_000; index += 1) write(log, 'a', 'fine');
  expect(log.all.first).toBe(10_000);
  expect(search.look()).toHaveLength(91);
  expect(search.look()[0]).toBe(10_000);
  expect(new LineSearch(log.all, '').look()).toEqual([]);
});

test('from match to match one goes round, either way', () => {
  const found = [3, 8, 20];
  expect([null, 3, 5, 20].map((at) => besides(found, at, 1))).toEqual([3, 8, 8, 3]);
  expect([null, 20, 5, 3].map((at) => besides(found, at, -1))).toEqual([20, 8, 3, 20]);
  expect(besides([], 3, 1)).toBeNull();
});

test('what was looked for is every other part of a line', () => {
  expect(partsOf('Error: no errors', 'error')).toEqual(['', 'Error', ': no ', 'error', 's']);
  expect(partsOf('as it is', '')).toEqual(['as it is']);
  expect(partsOf('a+b', '+')).toEqual(['a', '+', 'b']);
});

test('a log is saved with what it is of, times, streams and titles, and what is not in it any more', () => {
  const log = new RunLog();
  write(log, 'a', 'begins', 3);
  write(log, 'a', 'breaks', 6, 'err');
  write(log, 'a', 'attempt 1 of 1 ended with code 1', 7, 'engine');
  write(log, 'b', 'of an older version');
  const about = {
    run: 'Audit: a “checkout”',
    pipeline: 'audit',
    runId: 'r1',
    node: { nodeId: 'a', title: 'The task' },
    cut: 2,
  };
  const titleOf = (id: string) => `Task ${id}`;
  expect(logText(log.of('a'), about, titleOf)).toBe(
    [
      '# Audit: a “checkout”, run r1: The task (a)',
      '# The first 2 lines are no longer kept.',
      '2026-01-02T12:00:00.003Z out begins',
      '# 2 lines are missing here: too many came at once.',
      '2026-01-02T12:00:00.006Z err breaks',
      '2026-01-02T12:00:00.007Z engine attempt 1 of 1 ended with code 1',
      '',
    ].join('\n'),
  );
  expect(
    logText(log.of(null), { ...about, node: null, cut: 0 }, titleOf)
      .split('\n')
      .slice(-2)[0],
  ).toBe('- out [Task b] of an older version');
});
