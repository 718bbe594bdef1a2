import { expect, onTestFinished, test, vi } from 'vitest';
import type { Commanding } from '../../../demo/engine/commanding.ts';
import type { ConsoleEvent, EventOfType } from '../../../demo/engine/events.ts';
import { parsePipeline } from '../../../demo/engine/pipeline.ts';
import { Run } from '../../../demo/engine/run.ts';

interface Recording extends Commanding {
  recorded(): void;
  failed(): void;
}

/** A command whose transaction ends when the test says so. */
function commandBy(principal: string): Recording {
  const after = { commit: () => {}, rollback: () => {} };
  return {
    id: principal,
    principal,
    publish: () => {},
    afterCommit: (callback) => {
      after.commit = callback;
    },
    afterRollback: (callback) => {
      after.rollback = callback;
    },
    recorded: () => after.commit(),
    failed: () => after.rollback(),
  };
}

/** A run at its gate, without a server: commands are recorded when the test says so. */
async function atTheGate(gate: object = {}) {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'] });
  onTestFinished(() => {
    vi.useRealTimers();
  });
  const published: ConsoleEvent[] = [];
  const pipeline = parsePipeline(
    {
      title: 'Gate',
      budget: { limit: 1, perCpuSecond: 0 },
      nodes: [
        { id: 'gate', gate: { title: 'Well?', ...gate } },
        { id: 'task', run: ['true'] },
      ],
    },
    'the test',
    'gate',
  );
  const run = new Run(
    { runId: 'r', pipeline, startedAt: Date.now(), startedBy: null },
    {
      publish: (topic, event) => {
        if (topic === 'run:r') published.push(event);
      },
      // Until it is cancelled.
      execute: async (_task, { signal }) => {
        await new Promise((resolve) => signal.addEventListener('abort', resolve));
        return { ok: false, message: 'was cancelled', durationMs: 0, cpuSeconds: 0, memoryBytes: 0 };
      },
      read: async () => '',
      report: (error) => {
        throw error;
      },
    },
  );
  run.begin();
  const of = <T extends ConsoleEvent['type']>(type: T) =>
    published.filter((event) => event.type === type) as EventOfType<T>[];
  await vi.waitFor(() => expect(of('human_gate_waiting')).toHaveLength(1));
  const verdict = (principal: string) => {
    const command = commandBy(principal);
    run.decide(
      { type: 'human_decision', runId: 'r', gateId: 'r/gate/1', verdict: 'approve', comment: '' },
      command,
    );
    return command;
  };
  const cancel = (principal: string) => {
    const command = commandBy(principal);
    run.cancel(command);
    return command;
  };
  const stateOf = (nodeId: string) => of('node_state').findLast((node) => node.nodeId === nodeId)?.state;
  return { run, of, cancel, verdict, stateOf };
}

test('a decision has no effect before the log has it', async () => {
  const { run, verdict, stateOf } = await atTheGate();
  const effect = verdict('ada');
  expect(stateOf('gate')).toBe('waiting');
  effect.recorded();
  expect(stateOf('gate')).toBe('succeeded');
  await run.stop();
});

test('while a decision is being recorded, another one is sent away for a moment, and its own repeat is not', async () => {
  const { run, verdict } = await atTheGate();
  verdict('ada');
  expect(() => verdict('bob')).toThrow(expect.objectContaining({ code: 'busy', retry: true }));
  const effect = verdict('ada');
  effect.failed();
  verdict('bob').recorded();
  expect(() => verdict('ada')).toThrow(expect.objectContaining({ code: 'gate_closed', retry: false }));
  await run.stop();
});

test('a decision that came in time counts, even where the log takes longer than the gate', async () => {
  const { run, of, verdict, stateOf } = await atTheGate({ timeLimitSeconds: 300 });
  const effect = verdict('ada');
  vi.advanceTimersByTime(400_000);
  expect(of('human_gate_resolved')).toEqual([]);
  effect.recorded();
  expect(stateOf('gate')).toBe('succeeded');
  await run.stop();
});

test('a decision that arrives after the end is told how late it is and what became of the gate', async () => {
  const { run, verdict } = await atTheGate({ timeLimitSeconds: 300, onExpiry: 'approve' });
  const told = (message: string) => expect.objectContaining({ code: 'gate_closed', retry: false, message });
  vi.setSystemTime(Date.now() + 304_000);
  // The gate's own timer has not fired yet.
  expect(() => verdict('ada')).toThrow(
    told('Your approval arrived 4 s after the deadline; the gate was approved then.'),
  );
  vi.advanceTimersByTime(900_000);
  expect(() => verdict('ada')).toThrow(
    told('Your approval arrived 15 min after the deadline; the gate was approved then.'),
  );
  await run.stop();
});

test('a gate whose decision could not be recorded expires after all', async () => {
  const { run, of, verdict } = await atTheGate({ timeLimitSeconds: 300 });
  const effect = verdict('ada');
  vi.advanceTimersByTime(300_000);
  effect.failed();
  vi.advanceTimersByTime(1);
  expect(of('human_gate_resolved')[0]).toMatchObject({ how: 'expired', verdict: 'reject' });
  await run.stop();
});

test('a gate that is being decided when the run is cancelled is left to that decision', async () => {
  const { cancel, verdict, stateOf, of } = await atTheGate();
  const decided = verdict('ada');
  cancel('bob').recorded();
  expect(stateOf('gate')).toBe('waiting');
  decided.recorded();
  expect(stateOf('gate')).toBe('succeeded');
  await vi.waitFor(() => expect(of('run_state').at(-1)?.finishedAt).not.toBeNull());
  expect(of('run_state').at(-1)).toMatchObject({ state: 'cancelled', message: 'cancelled by bob' });
});

test('a cancellation that could not be recorded did not happen', async () => {
  const { run, cancel, stateOf, of } = await atTheGate();
  cancel('ada').failed();
  await vi.waitFor(() => expect(of('run_state').at(-1)?.state).toBe('running'));
  expect(stateOf('task')).toBe('running');
  await run.stop();
});
