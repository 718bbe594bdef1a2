import { Command, type StateSnapshot } from '@langchain/langgraph';
import { Reject } from 'trunkline/server';
import * as z from 'zod/mini';
import { readySince, setAside } from '../engine/attempts.ts';
import { busy } from '../engine/busy.ts';
import type { Commanding } from '../engine/commanding.ts';
import type { Decision } from '../engine/decision.ts';
import type { ConsoleEvent, EventOfType } from '../engine/events.ts';
import { describe, inBothTopics } from '../engine/gate-events.ts';
import type { History } from '../engine/history.ts';
import { NumberedLines } from '../engine/numbered-lines.ts';
import { costUpdate, type Opening, runStateOf, type Standing } from '../engine/opening.ts';
import { runTopic } from '../engine/protocol.ts';
import { rounded } from '../engine/rounded.ts';
import type { AnyRun, RunServices } from '../engine/run-kind.ts';
import type { CompiledGraph, Thread } from './compiled-graph.ts';
import { type Account, type Answer, account, printed } from './node-tools.ts';
import { type Gate, interrupted, Questions } from './questions.ts';

type NodeState = EventOfType<'node_state'>;
type RunState = EventOfType<'run_state'>;
type Progress =
  | { readonly state: 'idle' }
  /** `again`: something was decided meanwhile. */
  | {
      readonly state: 'at work';
      readonly abort: AbortController;
      readonly ended: Promise<void>;
      again: boolean;
    };

/** What LangGraph says of a node: that it begins, and, with `result`, how that has ended. */
const taskChunk = z.object({
  id: z.string(),
  name: z.string(),
  result: z.optional(z.object({ accounts: z.optional(z.array(account)) })),
  interrupts: z.array(interrupted),
  error: z.nullish(z.object({ message: z.string() })),
});
const keptAccounts = z.object({ accounts: z.array(account) });

/**
 * One execution of a graph, which is a thread of LangGraph's. What has happened is in its checkpoints; what people have
 * decided, in the console's log, until the graph has taken it.
 */
export class GraphRun implements AnyRun {
  readonly id: string;
  readonly #graph: CompiledGraph;
  readonly #opening: Opening;
  readonly #services: RunServices;
  readonly #thread: Thread;
  readonly #questions: Questions;
  readonly #nodes: Map<string, NodeState>;
  readonly #lines: NumberedLines;
  #standing: Standing;
  /** The newest `run_state` that was published, as JSON. */
  #told = '';
  #progress: Progress = { state: 'idle' };
  /** Tasks that have ended and interrupts that are answered: LangGraph tells of them again when it goes on. */
  readonly #settled = new Set<string>();
  /** What was broken off, or has failed, is to run again. */
  #runsAgain = true;
  /** The command that is about to run nodes again. */
  #retryingBy: string | null = null;
  #isStopped = false;

  /** @param history where the run began under a server before this one. */
  constructor(graph: CompiledGraph, opening: Opening, services: RunServices, history: History | null) {
    this.id = opening.runId;
    this.#graph = graph;
    this.#opening = opening;
    this.#services = services;
    this.#thread = { configurable: { thread_id: this.id, folder: services.folder } };
    this.#nodes = new Map(history?.nodes);
    this.#lines = new NumberedLines(history?.lines);
    this.#questions = new Questions(
      {
        runId: this.id,
        tell: (event) => this.#tellBoth(event),
        asked: (nodeId) => this.#change(nodeId, { state: 'waiting' }),
        answered: (event) => {
          if (!this.#isOver) this.#change(event.nodeId, { state: 'running', message: describe(event) });
          this.#goOn();
        },
      },
      history?.gatesById,
    );
    const none = { done: 0, failed: 0, gatesWaiting: 0 };
    this.#standing = history?.runState ?? { state: 'running', finishedAt: null, spent: 0, ...none };
  }

  begin(): void {
    if (this.#isOver) return;
    this.#questions.watch();
    if (this.#isCancelled) this.#end('cancelled');
    else this.#goOn();
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#questions.stop();
    await this.#breakOff();
  }

  decide(decision: Decision, command: Commanding): void {
    this.#questions.decide(decision, command);
  }

  cancel(command: Commanding): void {
    if (this.#isOver) throw new Reject('run_over', 'The run is over.');
    if (this.#isCancelled) return;
    const cancelled = { state: 'cancelled', message: `cancelled by ${command.principal}` } as const;
    const event = runStateOf(this.#opening, { ...this.#standing, ...cancelled });
    for (const [topic, told] of inBothTopics(event)) command.publish(topic, told);
    command.afterCommit(async () => {
      this.#standing = { ...this.#standing, ...cancelled };
      await this.#breakOff();
      // Also where it came to its own end meanwhile: the log says that it was cancelled.
      this.#end('cancelled');
    });
  }

  /** Runs again all that has not succeeded: LangGraph goes on from its newest checkpoint. */
  retry(nodeId: string, command: Commanding): void {
    const { state } = this.#node(nodeId);
    if (!this.#isOver || (state !== 'failed' && state !== 'cancelled')) {
      const rule = 'only what failed or was cancelled can be run again, once the run is over';
      throw new Reject('not_retryable', `"${nodeId}" is ${state}: ${rule}.`);
    }
    this.#runAgain(command);
  }

  retryFailed(command: Commanding): void {
    if (!this.#isOver || this.#in('failed').length === 0)
      throw new Reject(
        'not_retryable',
        'What failed can be run again once the run is over, and something has.',
      );
    this.#runAgain(command);
  }

  rerunFrom(nodeId: string): void {
    throw new Reject(
      'not_rerunnable',
      `LangGraph goes on from its newest checkpoint, so that it cannot begin again from "${nodeId}". Run the graph again instead.`,
    );
  }

  #runAgain(command: Commanding): void {
    if (this.#retryingBy !== null && this.#retryingBy !== command.id)
      throw busy('It is about to be run again.');
    this.#retryingBy = command.id;
    const readyAt = Date.now();
    const nodes = [...this.#nodes.values()]
      .filter((node) => node.state !== 'succeeded')
      .map(setAside)
      .map(({ message: _, ...node }): NodeState => ({ ...node, state: 'pending', readyAt }));
    const standing = {
      ...this.#standing,
      state: 'running',
      message: undefined,
      finishedAt: null,
      failed: 0,
    } as const;
    for (const node of nodes) command.publish(runTopic(this.id), node);
    for (const [topic, told] of inBothTopics(runStateOf(this.#opening, standing)))
      command.publish(topic, told);
    command.afterCommit(() => {
      this.#retryingBy = null;
      for (const node of nodes) this.#nodes.set(node.nodeId, node);
      this.#standing = standing;
      this.#runsAgain = true;
      this.#goOn();
    });
    command.afterRollback(() => {
      this.#retryingBy = null;
    });
  }

  get #isOver(): boolean {
    return this.#standing.finishedAt !== null;
  }

  get #isCancelled(): boolean {
    return this.#standing.state === 'cancelled';
  }

  /** Lets the graph go on as far as it can. */
  #goOn(): void {
    if (this.#isStopped || this.#isOver || this.#isCancelled) return;
    if (this.#progress.state === 'at work') {
      this.#progress.again = true;
      return;
    }
    const abort = new AbortController();
    const ended = this.#work(abort.signal)
      .catch((error) => {
        if (!abort.signal.aborted)
          this.#end('failed', error instanceof Error ? error.message : String(error));
      })
      .finally(() => {
        const goesOn = this.#progress.state === 'at work' && this.#progress.again;
        this.#progress = { state: 'idle' };
        if (goesOn) this.#goOn();
        else this.#tell();
      });
    this.#progress = { state: 'at work', abort, ended, again: false };
    this.#tell();
  }

  async #work(signal: AbortSignal): Promise<void> {
    for (let next = await this.#next(); next !== null && !signal.aborted; next = await this.#next()) {
      const stream = await this.#graph.stream(next.input, {
        ...this.#thread,
        signal,
        streamMode: ['tasks', 'custom'],
        durability: 'sync',
      });
      for await (const chunk of stream) {
        const [mode, told] = z.parse(z.tuple([z.string(), z.unknown()]), chunk);
        if (mode === 'custom') this.#print(z.parse(printed, told));
        else this.#hear(z.parse(taskChunk, told));
      }
    }
  }

  /** What to give to the graph now; `null`: it has come to its end, or waits for people. */
  async #next(): Promise<{ readonly input: unknown } | null> {
    const snapshot = await this.#graph.getState(this.#thread);
    if (this.#isStopped || this.#isCancelled) return null;
    const runsAgain = this.#runsAgain;
    this.#runsAgain = false;
    // Nothing is kept of it yet, even where an earlier server had accepted it.
    if (snapshot.createdAt === undefined) return { input: {} };
    if (runsAgain) await this.#catchUp(snapshot);
    const kept = z.safeParse(keptAccounts, snapshot.values);
    if (kept.success) this.#spend(sum(kept.data.accounts).cost);
    if (snapshot.tasks.length === 0) {
      this.#end('succeeded');
      return null;
    }
    const open = this.#openTasks(snapshot);
    const answers: Record<string, Answer> = {};
    for (const { name, interrupts } of open) {
      for (const one of z.parse(z.array(interrupted), interrupts)) {
        const gate = this.#questions.meet(name, one);
        if (gate.type === 'human_gate_waiting' || this.#settled.has(one.id)) continue;
        this.#settled.add(one.id);
        answers[one.id] = { verdict: gate.verdict, by: gate.by, comment: gate.comment };
      }
    }
    if (Object.keys(answers).length > 0) return { input: new Command({ resume: answers }) };
    // Also where all of the step has ended, and the server died before the checkpoint that follows from it.
    const waits = open.length > 0 && open.every(({ interrupts }) => interrupts.length > 0);
    return runsAgain && !waits ? { input: null } : null;
  }

  /** Those of the present step that have not ended. One that was answered once, and has asked again, is not in `next`. */
  #openTasks({ tasks, next }: StateSnapshot): StateSnapshot['tasks'] {
    return tasks.filter(
      ({ id, name, result, interrupts }) =>
        result === undefined && !this.#settled.has(id) && (next.includes(name) || interrupts.length > 0),
    );
  }

  /** Tells what happened when nobody could be told any more, by the checkpoints. */
  async #catchUp(snapshot: StateSnapshot): Promise<void> {
    for (const { id, name } of snapshot.tasks)
      if (this.#node(name).state === 'succeeded') this.#settled.add(id);
    const open = new Map(this.#openTasks(snapshot).map((task) => [task.name, task]));
    for (const { id, name } of snapshot.tasks) if (!open.has(name)) this.#settled.add(id);
    const ended = new Set<string>();
    for await (const { tasks } of this.#graph.getStateHistory(this.#thread))
      for (const { name } of tasks) if (!open.has(name)) ended.add(name);
    const finishedAt = Date.now();
    for (const { id } of this.#opening.pipeline.nodes) {
      const { state } = this.#node(id);
      if (ended.has(id) && state !== 'succeeded')
        this.#change(id, { state: 'succeeded', finishedAt, ...this.#decidedAt(id) });
      else if (state === 'running' && open.get(id)?.interrupts.length === 0)
        this.#change(id, {
          state: 'interrupted',
          finishedAt,
          message: 'broken off by a restart of the server',
        });
    }
  }

  #print({ nodeId, stream, line }: z.infer<typeof printed>): void {
    this.#publish(this.#lines.next(nodeId, stream, line));
  }

  #hear({ id, name, result, interrupts, error }: z.infer<typeof taskChunk>): void {
    const { state, attempt, attempts, startedAt, metrics } = this.#node(name);
    const now = Date.now();
    if (result === undefined) {
      // A node that has asked runs again with each answer, whosever it is: for people that is no other attempt.
      if (this.#settled.has(id) || state === 'waiting' || state === 'running') return;
      const next = { attempt: attempt + 1, attempts: Math.max(attempts, attempt + 1) };
      const { earlier } = setAside(this.#node(name));
      const since = { readyAt: this.#readySince(name), startedAt: now, finishedAt: null };
      this.#change(name, {
        state: 'running',
        ...next,
        ...since,
        ...(earlier === undefined ? {} : { earlier }),
      });
    } else if (error) {
      this.#change(name, { state: 'failed', finishedAt: now, message: error.message });
    } else if (interrupts.length > 0) {
      for (const one of interrupts) this.#questions.meet(name, one);
    } else {
      this.#settled.add(id);
      const { cost, ...measured } = sum(result.accounts ?? []);
      this.#change(name, {
        state: 'succeeded',
        finishedAt: now,
        ...this.#decidedAt(name),
        metrics: {
          ...measured,
          durationMs: now - (startedAt ?? now),
          cost: rounded((metrics?.cost ?? 0) + cost),
        },
      });
      this.#spend(this.#standing.spent + cost);
    }
  }

  /** What a person said of a node that has asked. */
  #decidedAt(nodeId: string): { readonly message?: string } {
    const asked = this.#questions.at(nodeId);
    return asked?.type === 'human_gate_resolved' ? { message: describe(asked) } : {};
  }

  async #breakOff(): Promise<void> {
    if (this.#progress.state === 'idle') return;
    this.#progress.abort.abort();
    await this.#progress.ended;
  }

  #end(state: 'succeeded' | 'failed' | 'cancelled', message = this.#standing.message): void {
    if (this.#isStopped) return;
    const finishedAt = Date.now();
    this.#standing = { ...this.#standing, state, message, finishedAt };
    this.#questions.withdraw();
    for (const { id } of this.#opening.pipeline.nodes) {
      const node = this.#node(id);
      if (node.state === 'running' || node.state === 'waiting')
        this.#change(id, { state: state === 'succeeded' ? state : 'cancelled', finishedAt });
      else if (node.state === 'pending')
        this.#change(id, { state: state === 'cancelled' ? state : 'skipped' });
    }
    if (state === 'failed') this.#tellFailure(message ?? '', finishedAt);
    this.#tell();
  }

  #tellFailure(message: string, at: number): void {
    const [failed] = this.#in('failed');
    const step = this.#opening.pipeline.nodes.find(({ id }) => id === failed?.nodeId);
    const node = step
      ? { nodeId: step.id, title: step.title ?? step.id, state: 'failed' as const }
      : { nodeId: null };
    this.#publish({ type: 'error', runId: this.id, ...node, message, at });
  }

  #node(nodeId: string): NodeState {
    const none = { attempt: 0, attempts: 1, startedAt: null, finishedAt: null };
    return this.#nodes.get(nodeId) ?? { type: 'node_state', nodeId, state: 'pending', ...none };
  }

  /** From there it waits for the rest of the graph's step, too. What it did itself before has ended, as well. */
  #readySince(nodeId: string): number {
    const { pipeline, startedAt } = this.#opening;
    const before = pipeline.nodes.find(({ id }) => id === nodeId)?.after ?? [];
    const ended = [nodeId, ...before].map((id) => this.#node(id));
    return readySince(ended, this.#node(nodeId).readyAt ?? startedAt);
  }

  #in(state: NodeState['state']): NodeState[] {
    return [...this.#nodes.values()].filter((node) => node.state === state);
  }

  /** A message goes with the state that it was told with. */
  #change(nodeId: string, change: Partial<NodeState> & Pick<NodeState, 'state'>): void {
    const { message: _, ...node } = this.#node(nodeId);
    const changed = { ...node, ...change, lines: this.#lines.writtenBy(nodeId) };
    this.#nodes.set(nodeId, changed);
    this.#publish(changed);
    this.#tell();
  }

  #spend(cost: number): void {
    const spent = rounded(cost);
    if (spent === this.#standing.spent) return;
    this.#standing = { ...this.#standing, spent };
    const { budget } = this.#opening.pipeline;
    if (budget) this.#publish(costUpdate(budget, spent, Date.now()));
    this.#tell();
  }

  /** How the run stands, where that has changed. */
  #tell(): void {
    const gatesWaiting = this.#questions.waiting.length;
    const isWaiting = this.#progress.state === 'idle' && gatesWaiting > 0;
    const counts = { done: this.#in('succeeded').length, failed: this.#in('failed').length, gatesWaiting };
    this.#standing = { ...this.#standing, ...counts };
    if (!this.#isOver && !this.#isCancelled)
      this.#standing = { ...this.#standing, state: isWaiting ? 'waiting' : 'running' };
    const event = runStateOf(this.#opening, this.#standing);
    const json = JSON.stringify(event);
    if (json !== this.#told) this.#tellBoth(event);
    this.#told = json;
  }

  #tellBoth(event: Gate | RunState): void {
    if (this.#isStopped) return;
    for (const [topic, told] of inBothTopics(event)) this.#services.publish(topic, told);
  }

  #publish(event: ConsoleEvent): void {
    if (!this.#isStopped) this.#services.publish(runTopic(this.id), event);
  }
}

function sum(accounts: readonly Account[]): Account {
  return {
    cost: rounded(accounts.reduce((sum, { cost }) => sum + cost, 0)),
    cpuSeconds: rounded(accounts.reduce((sum, { cpuSeconds }) => sum + cpuSeconds, 0)),
    memoryBytes: Math.max(0, ...accounts.map(({ memoryBytes }) => memoryBytes)),
  };
}
