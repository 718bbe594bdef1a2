import { Command, type StateSnapshot } from '@langchain/langgraph';
import { Reject } from 'trunkline/server';
import * as z from 'zod/mini';
import type { Commanding } from '../engine/commanding.ts';
import type { Decision } from '../engine/decision.ts';
import type { History } from '../engine/history.ts';
import type { Opening } from '../engine/opening.ts';
import type { NodeState } from '../engine/protocol.ts';
import type { Gate } from '../engine/questions.ts';
import type { AnyRun, RunServices } from '../engine/run-kind.ts';
import { ToldRun } from '../engine/told-run.ts';
import type { CompiledGraph, Thread } from './compiled-graph.ts';
import { type Answer, account, printed, questionOf, sum } from './node-tools.ts';

type Progress =
  | { readonly state: 'idle' }
  /** `again`: something was decided meanwhile. */
  | {
      readonly state: 'at work';
      readonly abort: AbortController;
      readonly ended: Promise<void>;
      again: boolean;
    };

/** Where a node has asked: the id is the same each time that it runs again and comes to the same place. */
const interrupted = z.object({ id: z.string(), value: z.unknown() });
/** What LangGraph says of a node: that it begins, and, with `result`, how that has ended. */
const taskChunk = z.object({
  id: z.string(),
  name: z.string(),
  result: z.optional(z.object({ accounts: z.optional(z.array(account)) })),
  interrupts: z.array(interrupted),
  error: z.nullish(z.object({ message: z.string() })),
});
/** What can be run again. */
const RETRYABLE: ReadonlySet<NodeState> = new Set(['failed', 'cancelled', 'interrupted']);
const keptAccounts = z.object({ accounts: z.array(account) });

/**
 * One execution of a graph, which is a thread of LangGraph's. What has happened is in its checkpoints; what people have
 * decided, in the console's log, until the graph has taken it.
 */
export class GraphRun implements AnyRun {
  readonly id: string;
  readonly #graph: CompiledGraph;
  readonly #thread: Thread;
  readonly #run: ToldRun;
  #progress: Progress = { state: 'idle' };
  /** Tasks that have ended and interrupts that are answered: LangGraph tells of them again when it goes on. */
  readonly #settled = new Set<string>();
  /** What was broken off, or has failed, is to run again. */
  #runsAgain = true;

  /** @param history where the run began under a server before this one. */
  constructor(graph: CompiledGraph, opening: Opening, services: RunServices, history: History | null) {
    this.id = opening.runId;
    this.#graph = graph;
    this.#thread = { configurable: { thread_id: this.id, folder: services.folder } };
    this.#run = new ToldRun(opening, services, history, () => this.#goOn());
  }

  begin(): void {
    if (this.#run.isOver) return;
    this.#run.questions.watch();
    if (this.#run.isCancelled) this.#run.end('cancelled');
    else this.#goOn();
  }

  async stop(): Promise<void> {
    this.#run.stop();
    await this.#breakOff();
  }

  decide(decision: Decision, command: Commanding): void {
    this.#run.questions.decide(decision, command);
  }

  cancel(command: Commanding): void {
    this.#run.cancel(command, () => this.#breakOff());
  }

  retry(nodeId: string, command: Commanding): void {
    const { state } = this.#run.node(nodeId);
    if (!this.#run.isOver || !RETRYABLE.has(state)) {
      const rule =
        'only what failed, was cancelled or was interrupted can be run again, once the run is over';
      throw new Reject('not_retryable', `"${nodeId}" is ${state}: ${rule}.`);
    }
    this.#runAgain(command);
  }

  retryFailed(command: Commanding): void {
    const broken = [...this.#run.in('failed'), ...this.#run.in('interrupted')];
    if (!this.#run.isOver || broken.length === 0)
      throw new Reject(
        'not_retryable',
        'What failed or was interrupted can be run again once the run is over, and something has.',
      );
    this.#runAgain(command);
  }

  rerunFrom(nodeId: string): void {
    throw new Reject(
      'not_rerunnable',
      `LangGraph goes on from its newest checkpoint, so that it cannot begin again from "${nodeId}". Run the graph again instead.`,
    );
  }

  /** All that has not succeeded: LangGraph goes on from its newest checkpoint. */
  #runAgain(command: Commanding): void {
    this.#run.runAgain(command, () => {
      this.#runsAgain = true;
      // A node that failed after its answer is to have it again.
      this.#settled.clear();
      this.#goOn();
    });
  }

  /** Lets the graph go on as far as it can. */
  #goOn(): void {
    if (this.#run.isEnding) return;
    if (this.#progress.state === 'at work') {
      this.#progress.again = true;
      return;
    }
    const abort = new AbortController();
    const ended = this.#work(abort.signal)
      .catch((error) => {
        if (!abort.signal.aborted)
          this.#run.end('failed', error instanceof Error ? error.message : String(error));
      })
      .finally(() => {
        const goesOn = this.#progress.state === 'at work' && this.#progress.again;
        this.#progress = { state: 'idle' };
        if (goesOn) this.#goOn();
        else this.#run.works(false);
      });
    this.#progress = { state: 'at work', abort, ended, again: false };
    this.#run.works(true);
  }

  async #breakOff(): Promise<void> {
    if (this.#progress.state === 'idle') return;
    this.#progress.abort.abort();
    await this.#progress.ended;
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
        if (mode === 'custom') this.#run.prints(z.parse(printed, told));
        else this.#hear(z.parse(taskChunk, told));
      }
    }
  }

  /** What to give to the graph now; `null`: it has come to its end, or waits for people. */
  async #next(): Promise<{ readonly input: unknown } | null> {
    const snapshot = await this.#graph.getState(this.#thread);
    if (this.#run.isEnding) return null;
    const runsAgain = this.#runsAgain;
    this.#runsAgain = false;
    // Nothing is kept of it yet, even where an earlier server had accepted it.
    if (snapshot.createdAt === undefined) return { input: {} };
    if (runsAgain) await this.#catchUp(snapshot);
    const kept = z.safeParse(keptAccounts, snapshot.values);
    if (kept.success) this.#run.spend(sum(kept.data.accounts).cost);
    if (snapshot.tasks.length === 0) {
      this.#run.end('succeeded');
      return null;
    }
    const open = this.#openTasks(snapshot);
    const answers: Record<string, Answer> = {};
    for (const { name, interrupts } of open) {
      for (const one of z.parse(z.array(interrupted), interrupts)) {
        const gate = this.#meet(name, one);
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

  #meet(nodeId: string, { id, value }: z.infer<typeof interrupted>): Gate {
    return this.#run.questions.meet(nodeId, id, () => questionOf(value));
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
      if (this.#run.node(name).state === 'succeeded') this.#settled.add(id);
    const open = new Map(this.#openTasks(snapshot).map((task) => [task.name, task]));
    for (const { id, name } of snapshot.tasks) if (!open.has(name)) this.#settled.add(id);
    const ended = new Set<string>();
    for await (const { tasks } of this.#graph.getStateHistory(this.#thread))
      for (const { name } of tasks) if (!open.has(name)) ended.add(name);
    for (const id of this.#run.nodeIds) {
      const { state } = this.#run.node(id);
      if (ended.has(id) && state !== 'succeeded') this.#run.hadSucceeded(id);
      else if (state === 'running' && open.get(id)?.interrupts.length === 0)
        this.#run.change(id, {
          state: 'interrupted',
          finishedAt: Date.now(),
          message: 'broken off by a restart of the server',
        });
    }
  }

  #hear({ id, name, result, interrupts, error }: z.infer<typeof taskChunk>): void {
    const { state } = this.#run.node(name);
    if (result === undefined) {
      // A node that has asked runs again with each answer, whosever it is: for people that is no other attempt.
      if (this.#settled.has(id) || state === 'waiting' || state === 'running') return;
      this.#run.begins(name);
    } else if (error) {
      this.#run.change(name, { state: 'failed', finishedAt: Date.now(), message: error.message });
    } else if (interrupts.length > 0) {
      for (const one of interrupts) this.#meet(name, one);
    } else {
      this.#settled.add(id);
      this.#run.succeeds(name, sum(result.accounts ?? []));
    }
  }
}
