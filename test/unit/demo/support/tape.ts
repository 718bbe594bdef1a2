/** A run of a pipeline without a server: what it publishes is on a tape, so that a test can end it after any of that. */
import { onTestFinished } from 'vitest';
import type { Execution } from '../../../../demo/engine/child.ts';
import type { Commanding } from '../../../../demo/engine/commanding.ts';
import type { ConsoleEvent, EventOfType } from '../../../../demo/engine/events.ts';
import { type History, readHistory } from '../../../../demo/engine/history.ts';
import { runTopic } from '../../../../demo/engine/protocol.ts';
import { type PipelineServices, Run } from '../../../../demo/engine/run.ts';
import { eventually, sourceOf } from './workshop.ts';

const RUN_ID = 'r';
const DONE: Execution = { ok: true, message: '', durationMs: 1, cpuSeconds: 0, memoryBytes: 0 };

export class Tape {
  readonly #events: { readonly topic: string; readonly event: ConsoleEvent }[] = [];

  /** Of the run's own topic, or of another one. */
  all<T extends ConsoleEvent['type']>(type: T, of = runTopic(RUN_ID)): EventOfType<T>[] {
    const events = this.#events.filter(({ topic }) => topic === of).map(({ event }) => event);
    return events.filter((event) => event.type === type) as EventOfType<T>[];
  }

  newest(): EventOfType<'run_state'> {
    const newest = this.all('run_state').at(-1);
    if (!newest) throw new Error('nothing is known of the run');
    return newest;
  }

  async until(isSo: (run: EventOfType<'run_state'>) => boolean): Promise<void> {
    await eventually(() => this.all('run_state').length > 0 && isSo(this.newest()));
  }

  write(topic: string, event: ConsoleEvent): void {
    this.#events.push({ topic, event });
  }

  /** What the next server finds. */
  history(): History {
    const own = this.#events.filter(({ topic }) => topic === runTopic(RUN_ID));
    return readHistory(own.map(({ event }) => ({ event: JSON.stringify(event) })));
  }
}

/** @param history where a server before this one has died. */
export function runOn(
  tape: Tape,
  nodes: readonly object[],
  {
    execute = async () => DONE,
    history = null,
  }: Partial<Pick<PipelineServices, 'execute'>> & { history?: History | null } = {},
): { run: Run; die(): Promise<void> } {
  let isThere = true;
  const services: PipelineServices = {
    publish: (topic, event) => {
      if (isThere) tape.write(topic, event);
    },
    execute,
    read: async () => '',
    report: (error) => {
      throw error;
    },
  };
  const { pipeline } = sourceOf('taped', nodes);
  const run = new Run({ runId: RUN_ID, pipeline, startedAt: 1, startedBy: 'Ada' }, services, history);
  const die = async () => {
    isThere = false;
    await run.stop();
  };
  onTestFinished(die);
  run.begin(history);
  return { run, die };
}

/** What a person asks; `commit`: the log has it, and `told`: the run was told so. */
export function command(tape: Tape, principal = 'Ada', id = crypto.randomUUID()) {
  const published: [topic: string, event: ConsoleEvent][] = [];
  const callbacks: { committed: (() => unknown)[]; rolledBack: (() => unknown)[] } = {
    committed: [],
    rolledBack: [],
  };
  const commanding: Commanding = {
    id,
    principal,
    publish: (topic, event) => published.push([topic, event]),
    afterCommit: (callback) => callbacks.committed.push(callback),
    afterRollback: (callback) => callbacks.rolledBack.push(callback),
  };
  return {
    commanding,
    commit(): void {
      for (const [topic, event] of published) tape.write(topic, event);
    },
    told(): void {
      for (const callback of callbacks.committed) callback();
    },
    rollBack(): void {
      for (const callback of callbacks.rolledBack) callback();
    },
  };
}
