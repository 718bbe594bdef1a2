import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import {
  BURST_LINES,
  LINE_CHARACTERS,
  LINES_PER_SECOND,
  limitLines,
  readLines,
} from '../../../demo/engine/lines.ts';
import { operate, serve, sourceOf } from './support/workshop.ts';

test('lines are told whole, wherever the stream is cut, and long ones are cut off', async () => {
  const stream = new PassThrough();
  const lines: string[] = [];
  readLines(stream, (line) => lines.push(line));
  const bytes = Buffer.from(`ä one\ntwo\n${'x'.repeat(5_000)}\nlast`);
  for (const byte of bytes) stream.write(Buffer.of(byte));
  stream.end();
  await new Promise((resolve) => stream.on('end', resolve));
  expect(lines).toEqual(['ä one', 'two', 'x'.repeat(LINE_CHARACTERS), 'last']);
});

test('too many lines are left out, and it is said how many', () => {
  let now = 0;
  const lines: string[] = [];
  const limited = limitLines(
    (_stream, line) => lines.push(line),
    () => now,
  );
  for (let n = 0; n < BURST_LINES + 1_000; n += 1) limited.take('out', `line ${n}`);
  expect(lines).toHaveLength(BURST_LINES);
  now = 1_000;
  limited.take('out', 'later');
  expect(lines.slice(BURST_LINES)).toEqual([
    `(1,000 lines left out: more than ${LINES_PER_SECOND} a second)`,
    'later',
  ]);
  for (let n = 0; n < BURST_LINES; n += 1) limited.take('out', 'more');
  limited.end();
  expect(lines.at(-1)).toMatch(/^\(\d+ lines left out/);
  const told = lines.length;
  limited.end();
  expect(lines).toHaveLength(told);
});

test('a child that prints without end does not fill the log', async () => {
  const chatty = ['sh', '-c', 'i=0; while [ $i -lt 20000 ]; do echo line $i; i=$((i+1)); done'];
  const server = await serve([sourceOf('chatty', [{ id: 'c', run: chatty }])]);
  const ada = await operate(server);
  await ada.start('chatty');
  await ada.until('run_state', ({ state }) => state === 'succeeded');
  const lines = ada.events('log').map(({ line }) => line);
  expect(lines.length).toBeLessThan(BURST_LINES + 60 * LINES_PER_SECOND);
  expect(lines.some((line) => /lines left out/.test(line))).toBe(true);
});
