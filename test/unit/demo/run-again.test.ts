/** What becomes of a run that is to run again, where its server dies or somebody else asks for something meanwhile. */
import { expect, test } from 'vitest';
import type { Execution } from '../../../demo/engine/child.ts';
import { command, runOn, Tape } from './support/tape.ts';

const ended = (message: string): Execution => ({
  ok: message === '',
  message,
  durationMs: 1,
  cpuSeconds: 0,
  memoryBytes: 0,
});
const over = (tape: Tape) => tape.until(({ finishedAt }) => finishedAt !== null);
const NODES = [
  { id: 'works', run: ['-'] },
  { id: 'then', after: ['works'], run: ['-'] },
];

test('a cancelled run that was begun again goes on where the server dies as soon as the log has that', async () => {
  const tape = new Tape();
  const untilEnded = (_: unknown, { signal }: { signal: AbortSignal }) =>
    new Promise<Execution>((resolve) => {
      signal.addEventListener('abort', () => resolve(ended('was cancelled')));
    });
  const { run, die } = runOn(tape, NODES, { execute: untilEnded });
  const cancel = command(tape);
  run.cancel(cancel.commanding);
  cancel.commit();
  cancel.told();
  await over(tape);
  expect(tape.newest().state).toBe('cancelled');
  const again = command(tape);
  run.retry('works', again.commanding);
  again.commit();
  await die();

  runOn(tape, NODES, { history: tape.history() });
  await over(tape);
  expect(tape.newest()).toMatchObject({ state: 'succeeded', done: 2 });
});

test('a run that was begun again after a failure does not tell of that any more, where the server dies meanwhile', async () => {
  const tape = new Tape();
  const { run, die } = runOn(tape, NODES, { execute: async () => ended('ended with code 1') });
  await over(tape);
  expect(tape.newest()).toMatchObject({ state: 'failed', message: 'works ended with code 1' });
  const again = command(tape);
  run.retryFailed(again.commanding);
  again.commit();
  await die();

  runOn(tape, NODES, { history: tape.history() });
  await over(tape);
  expect(tape.newest().state).toBe('succeeded');
  expect(tape.newest().message).toBeUndefined();
});

test('who cancels a run that is about to be run again is not told that it is over', async () => {
  const tape = new Tape();
  const { run } = runOn(tape, NODES, { execute: async () => ended('ended with code 1') });
  await over(tape);
  const again = command(tape);
  run.retryFailed(again.commanding);
  expect(() => run.cancel(command(tape, 'Grace').commanding)).toThrow(
    expect.objectContaining({ code: 'busy', retry: true }),
  );
});
