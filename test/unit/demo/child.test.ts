import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { type ChildOptions, runChild } from '../../../demo/engine/child.ts';
import { endMarkedGroups } from '../../../demo/engine/process-group.ts';
import { isAlive, pidIn } from './support/processes.ts';
import { eventually, temporaryFolder } from './support/workshop.ts';

function options(change: Partial<ChildOptions> = {}): ChildOptions & { lines: string[]; folder: string } {
  const folder = temporaryFolder();
  const lines: string[] = [];
  return {
    mark: 'trunkline-test',
    cwd: folder,
    env: { FOLDER: folder },
    timeoutMs: 20_000,
    signal: new AbortController().signal,
    onLine: (stream, line) => lines.push(`${stream}: ${line}`),
    lines,
    folder,
    ...change,
  };
}

const sh = (script: string) => ['sh', '-c', script];
/** Both the program and what it starts write their numbers down. */
const FAMILY = 'echo $$ >self.pid; sleep 60 & echo $! >child.pid; wait';

test('a program runs in its folder with its environment, and its lines are told as they come', async () => {
  const given = options();
  const execution = await runChild(sh('pwd; echo "$FOLDER" >&2; printf "no end"'), given);
  expect(execution).toMatchObject({ ok: true, message: '' });
  expect([...given.lines].sort()).toEqual([
    `err: ${given.folder}`,
    expect.stringMatching(/^out: .*trunkline-demo-/),
    'out: no end',
  ]);
});

test('processor time and memory are measured', async () => {
  const script =
    'const held = Buffer.alloc(80_000_000, 1); const used = () => { const { user, system } = process.cpuUsage(); return user + system; }; while (used() < 700_000); held.at(0)';
  const execution = await runChild([process.execPath, '-e', script], options());
  expect(execution.ok).toBe(true);
  expect(execution.cpuSeconds).toBeGreaterThan(0.3);
  expect(execution.cpuSeconds).toBeLessThan(10);
  expect(execution.memoryBytes).toBeGreaterThan(80_000_000);
  expect(execution.durationMs).toBeGreaterThan(300);
});

test('a program that only waits costs next to nothing', async () => {
  const execution = await runChild(['sleep', '0.3'], options());
  expect(execution.cpuSeconds).toBeLessThan(0.2);
});

test.each([
  ['a code', sh('exit 3'), 'ended with code 3'],
  ['a signal', sh('kill -KILL $$'), 'ended with code 137'],
  ['a program that is not there', ['/no/such/program'], 'its program was not found'],
])('%s is told as a failure', async (_name, command, message) => {
  expect(await runChild(command, options())).toMatchObject({ ok: false, message });
});

test('a folder that is not there is told as a failure, too', async () => {
  expect(await runChild(['true'], options({ cwd: '/no/such/folder' }))).toMatchObject({
    ok: false,
    message: 'could not be started: there is no folder /no/such/folder',
  });
});

test('after its time, a program is ended with all that it has started', async () => {
  const given = options({ timeoutMs: 800 });
  const execution = await runChild(sh(FAMILY), given);
  expect(execution).toMatchObject({ ok: false, message: 'took longer than 0.8 s' });
  for (const name of ['self', 'child']) {
    const pid = await pidIn(given.folder, name);
    await eventually(() => !isAlive(pid));
  }
});

test('a program that is cancelled is ended with all that it has started, even where it does not listen', async () => {
  const abort = new AbortController();
  const given = options({ signal: abort.signal });
  const running = runChild(sh(`trap "" TERM; ${FAMILY}; sleep 60`), given);
  await pidIn(given.folder, 'child');
  abort.abort();
  expect(await running).toMatchObject({ ok: false, message: 'was cancelled' });
  for (const name of ['self', 'child']) {
    const pid = await pidIn(given.folder, name);
    await eventually(() => !isAlive(pid));
  }
});

test('what a program leaves behind in its group is ended with it, and not waited for', async () => {
  const given = options();
  const execution = await runChild(sh('sleep 60 & echo $! >child.pid'), given);
  expect(execution).toMatchObject({ ok: true });
  expect(execution.durationMs).toBeLessThan(10_000);
  const child = await pidIn(given.folder, 'child');
  await eventually(() => !isAlive(child));
});

test('one that was cancelled before it began does not begin', async () => {
  const given = options({ signal: AbortSignal.abort() });
  expect(await runChild(sh('touch began'), given)).toMatchObject({ ok: false, message: 'was cancelled' });
  expect(existsSync(join(given.folder, 'began'))).toBe(false);
});

test('processes are found and ended by their mark', async () => {
  const mark = `trunkline-test-${process.pid}`;
  const given = options({ mark });
  const running = runChild(sh(FAMILY), given);
  await pidIn(given.folder, 'child');
  expect(await endMarkedGroups(`${mark}0`)).toBe(0);
  expect(await endMarkedGroups(mark)).toBe(1);
  expect(await running).toMatchObject({ ok: false, message: 'was killed by SIGKILL' });
  const child = await pidIn(given.folder, 'child');
  await eventually(() => !isAlive(child));
});
