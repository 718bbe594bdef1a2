import { Reject } from 'trunkline/server';
import { readySince, setAside } from './attempts.ts';
import { busy } from './busy.ts';
import type { Commanding } from './commanding.ts';
import type { ConsoleEvent, LogEvent, NodeStateEvent, RunStateEvent } from './events.ts';
import { describe, inBothTopics } from './gate-events.ts';
import type { History } from './history.ts';
import { NumberedLines } from './numbered-lines.ts';
import { costUpdate, type Opening, runStateOf, type Standing } from './opening.ts';
import { runTopic } from './protocol.ts';
import { type Gate, Questions } from './questions.ts';
import { rounded } from './rounded.ts';
import type { RunServices } from './run-kind.ts';

type Ending = 'succeeded' | 'failed' | 'cancelled';
/** What a node has used, apart from the time. */
type Used = Omit<NonNullable<NodeStateEvent['metrics']>, 'durationMs'>;

/**
 * A run as operators see it, for an engine that keeps its state in a store of its own: its nodes, what they ask, print and
 * cost, and how it stands. Each is told when it changes, and commands of people are told in the transaction that accepts them.
 */
export class ToldRun {
  readonly questions: Questions;
  readonly #opening: Opening;
  readonly #services: RunServices;
  readonly #nodes: Map<string, NodeStateEvent>;
  readonly #lines: NumberedLines;
  #standing: Standing;
  /** The newest `run_state` that was published, as JSON. */
  #told = '';
  #isWorking = false;
  /** The command that is about to run nodes again. */
  #retryingBy: string | null = null;
  #isStopped = false;

  /**
   * @param history where the run began under a server before this one.
   * @param answered something was decided: the engine can go on.
   */
  constructor(opening: Opening, services: RunServices, history: History | null, answered: () => void) {
    this.#opening = opening;
    this.#services = services;
    this.#nodes = new Map(history?.nodes);
    this.#lines = new NumberedLines(history?.lines);
    this.questions = new Questions(
      {
        runId: opening.runId,
        tell: (event) => this.#tellBoth(event),
        asked: (nodeId) => this.change(nodeId, { state: 'waiting' }),
        answered: (event) => {
          if (!this.isOver) this.change(event.nodeId, { state: 'running', message: describe(event) });
          answered();
        },
      },
      history?.gatesById,
    );
    const none = { done: 0, failed: 0, gatesWaiting: 0 };
    this.#standing = history?.runState ?? { state: 'running', finishedAt: null, spent: 0, ...none };
  }

  get isOver(): boolean {
    return this.#standing.finishedAt !== null;
  }

  /** Nothing is to be begun any more: it was cancelled, is over, or its server ends. */
  get isEnding(): boolean {
    return this.#isStopped || this.isOver || this.isCancelled;
  }

  get isCancelled(): boolean {
    return this.#standing.state === 'cancelled';
  }

  get nodeIds(): string[] {
    return this.#opening.pipeline.nodes.map(({ id }) => id);
  }

  node(nodeId: string): NodeStateEvent {
    const none = { attempt: 0, attempts: 1, startedAt: null, finishedAt: null };
    return this.#nodes.get(nodeId) ?? { type: 'node_state', nodeId, state: 'pending', ...none };
  }

  in(state: NodeStateEvent['state']): NodeStateEvent[] {
    return [...this.#nodes.values()].filter((node) => node.state === state);
  }

  /** Tells nothing more: whoever reads the log next will see that it was broken off. */
  stop(): void {
    this.#isStopped = true;
    this.questions.stop();
  }

  /** The engine is at work, or waits for people. */
  works(isWorking: boolean): void {
    this.#isWorking = isWorking;
    this.#tell();
  }

  /** @param then breaks off what runs; the run has ended when that resolves. @throws Reject */
  cancel(command: Commanding, then: () => Promise<void>): void {
    if (this.#retryingBy !== null) throw busy('It is about to be run again.');
    if (this.isOver) throw new Reject('run_over', 'The run is over.');
    if (this.isCancelled) return;
    const cancelled = { state: 'cancelled', message: `cancelled by ${command.principal}` } as const;
    const event = runStateOf(this.#opening, { ...this.#standing, ...cancelled });
    for (const [topic, told] of inBothTopics(event)) command.publish(topic, told);
    command.afterCommit(async () => {
      this.#standing = { ...this.#standing, ...cancelled };
      await then();
      // Also where it came to its own end meanwhile: the log says that it was cancelled.
      this.end('cancelled');
    });
  }

  /** All that has not succeeded is to run again. @throws Reject */
  runAgain(command: Commanding, then: () => void): void {
    if (this.#retryingBy !== null && this.#retryingBy !== command.id)
      throw busy('It is about to be run again.');
    this.#retryingBy = command.id;
    const readyAt = Date.now();
    const nodes = [...this.#nodes.values()]
      .filter((node) => node.state !== 'succeeded')
      .map(setAside)
      .map(({ message: _, ...node }): NodeStateEvent => ({ ...node, state: 'pending', readyAt }));
    const { message: _, ...before } = this.#standing;
    const standing = { ...before, state: 'running', finishedAt: null, failed: 0 } as const;
    const { runId } = this.#opening;
    for (const node of nodes) command.publish(runTopic(runId), node);
    for (const [topic, told] of inBothTopics(runStateOf(this.#opening, standing)))
      command.publish(topic, told);
    command.afterCommit(() => {
      this.#retryingBy = null;
      for (const node of nodes) this.#nodes.set(node.nodeId, node);
      this.#standing = standing;
      then();
    });
    command.afterRollback(() => {
      this.#retryingBy = null;
    });
  }

  begins(nodeId: string): void {
    const node = this.node(nodeId);
    const { earlier } = setAside(node);
    this.change(nodeId, {
      state: 'running',
      attempt: node.attempt + 1,
      attempts: Math.max(node.attempts, node.attempt + 1),
      readyAt: this.#readySince(nodeId),
      startedAt: Date.now(),
      finishedAt: null,
      ...(earlier === undefined ? {} : { earlier }),
    });
  }

  succeeds(nodeId: string, { cost, ...used }: Used): void {
    const { startedAt, metrics } = this.node(nodeId);
    const finishedAt = Date.now();
    this.change(nodeId, {
      state: 'succeeded',
      finishedAt,
      ...this.#decidedAt(nodeId),
      metrics: {
        ...used,
        durationMs: finishedAt - (startedAt ?? finishedAt),
        cost: rounded((metrics?.cost ?? 0) + cost),
      },
    });
    this.spend(this.#standing.spent + cost);
  }

  /** What nobody could be told of when it happened, without what it has used. */
  hadSucceeded(nodeId: string): void {
    this.change(nodeId, { state: 'succeeded', finishedAt: Date.now(), ...this.#decidedAt(nodeId) });
  }

  prints({ nodeId, stream, line }: Pick<LogEvent, 'nodeId' | 'stream' | 'line'>): void {
    this.#publish(this.#lines.next(nodeId, stream, line));
  }

  /** @param cost of the whole run until now. */
  spend(cost: number): void {
    const spent = rounded(cost);
    if (spent === this.#standing.spent) return;
    this.#standing = { ...this.#standing, spent };
    const { budget } = this.#opening.pipeline;
    if (budget) this.#publish(costUpdate(budget, spent, Date.now()));
    this.#tell();
  }

  end(state: Ending, message = this.#standing.message): void {
    if (this.#isStopped) return;
    const finishedAt = Date.now();
    this.#standing = { ...this.#standing, state, message, finishedAt };
    this.questions.withdraw();
    for (const id of this.nodeIds) {
      const node = this.node(id);
      if (node.state === 'running' || node.state === 'waiting')
        this.change(id, { state: state === 'succeeded' ? state : 'cancelled', finishedAt });
      else if (node.state === 'pending')
        this.change(id, { state: state === 'cancelled' ? state : 'skipped' });
    }
    if (state === 'failed') this.#tellFailure(message ?? '', finishedAt);
    this.#tell();
  }

  /** A message goes with the state that it was told with. */
  change(nodeId: string, change: Partial<NodeStateEvent> & Pick<NodeStateEvent, 'state'>): void {
    const { message: _, ...node } = this.node(nodeId);
    const changed = { ...node, ...change, lines: this.#lines.writtenBy(nodeId) };
    this.#nodes.set(nodeId, changed);
    this.#publish(changed);
    this.#tell();
  }

  /** What a person said of a node that has asked. */
  #decidedAt(nodeId: string): { readonly message?: string } {
    const asked = this.questions.at(nodeId);
    return asked?.type === 'human_gate_resolved' ? { message: describe(asked) } : {};
  }

  /** From there it may wait for others, too. What it did itself before has ended, as well. */
  #readySince(nodeId: string): number {
    const { pipeline, startedAt } = this.#opening;
    const before = pipeline.nodes.find(({ id }) => id === nodeId)?.after ?? [];
    const ended = [nodeId, ...before].map((id) => this.node(id));
    return readySince(ended, this.node(nodeId).readyAt ?? startedAt);
  }

  #tellFailure(message: string, at: number): void {
    const { runId, pipeline } = this.#opening;
    const [failed] = this.in('failed');
    const step = pipeline.nodes.find(({ id }) => id === failed?.nodeId);
    const node = step
      ? { nodeId: step.id, title: step.title ?? step.id, state: 'failed' as const }
      : { nodeId: null };
    this.#publish({ type: 'error', runId, ...node, message, at });
  }

  /** How the run stands, where that has changed. */
  #tell(): void {
    const gatesWaiting = this.questions.waiting.length;
    const counts = { done: this.in('succeeded').length, failed: this.in('failed').length, gatesWaiting };
    this.#standing = { ...this.#standing, ...counts };
    const isWaiting = !this.#isWorking && gatesWaiting > 0;
    if (!this.isOver && !this.isCancelled)
      this.#standing = { ...this.#standing, state: isWaiting ? 'waiting' : 'running' };
    const event = runStateOf(this.#opening, this.#standing);
    const json = JSON.stringify(event);
    if (json !== this.#told) this.#tellBoth(event);
    this.#told = json;
  }

  #tellBoth(event: Gate | RunStateEvent): void {
    if (this.#isStopped) return;
    for (const [topic, told] of inBothTopics(event)) this.#services.publish(topic, told);
  }

  #publish(event: ConsoleEvent): void {
    if (!this.#isStopped) this.#services.publish(runTopic(this.#opening.runId), event);
  }
}
