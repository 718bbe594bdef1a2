import { Reject } from 'trunkline/server';
import { busy } from './busy.ts';
import type { Execution } from './child.ts';
import type { Commanding } from './commanding.ts';
import type { Decision } from './decision.ts';
import type { ConsoleEvent, ResolvedGate, RunStateEvent } from './events.ts';
import { describe, inBothTopics } from './gate-events.ts';
import { Gates } from './gates.ts';
import type { History } from './history.ts';
import { type LineListener, limitLines } from './lines.ts';
import { NodeRecords } from './node-records.ts';
import { NumberedLines } from './numbered-lines.ts';
import { costUpdate, type Opening, runStateOf } from './opening.ts';
import { type Budget, isGate, type Pipeline, type Task } from './pipeline.ts';
import { type LogStream, type RunState, runTopic } from './protocol.ts';
import { rounded } from './rounded.ts';
import { rerunFrom, retried, retriedFailed } from './run-again.ts';
import type { AnyRun } from './run-kind.ts';
import type { Schedule } from './schedule.ts';

export interface PipelineServices {
  publish(topic: string, event: ConsoleEvent): void;
  /** One attempt at a task. Never rejects. */
  execute(task: Task, options: { signal: AbortSignal; onLine: LineListener }): Promise<Execution>;
  /** A file of the run's folder. */
  read(file: string): Promise<string>;
  report(error: unknown, about: string): void;
}

type Cancelling = { state: 'no' } | { state: 'asked' | 'yes'; by: string };

const BUDGET_USED_UP = 'the budget is used up';
const BROKEN_OFF = 'broken off by a restart of the server';

/** One execution of a pipeline. What is published of it is enough to go on with it after a restart. */
export class Run implements AnyRun {
  readonly id: string;
  readonly #opening: Opening<Pipeline>;
  readonly #services: PipelineServices;
  readonly #records: NodeRecords;
  readonly #lines: NumberedLines;
  readonly #gates: Gates;
  readonly #running = new Map<string, { abort: AbortController; ended: Promise<void> }>();
  /** Nodes that failed and wait for their next attempt. */
  readonly #retryTimers = new Map<string, ReturnType<typeof setTimeout>>();
  #cancelling: Cancelling = { state: 'no' };
  /** The command that is about to run nodes again. */
  #retryingBy: string | null = null;
  #spent: number;
  #message: string | undefined;
  #finishedAt: number | null = null;
  /** The newest `run_state`, as JSON. */
  #published = '';
  #telling: ReturnType<typeof setImmediate> | undefined;
  #isStopped = false;

  /** @param history where the run began under a server before this one. */
  constructor(opening: Opening<Pipeline>, services: PipelineServices, history: History | null = null) {
    this.id = opening.runId;
    this.#opening = opening;
    this.#services = services;
    this.#records = new NodeRecords(opening, history?.nodes ?? new Map(), (event) => this.#publish(event));
    this.#lines = new NumberedLines(history?.lines);
    this.#gates = new Gates({
      ...services,
      runId: opening.runId,
      records: this.#records,
      isWithdrawing: () => this.#cancelling.state === 'yes' || this.#isBudgetUsedUp,
      ended: (event) => this.#gateEnded(event),
      goOn: () => this.#pump(),
    });
    this.#spent = history?.spent ?? 0;
    if (!history?.runState) return;
    this.#published = JSON.stringify(history.runState);
    this.#message = history.runState.message;
    this.#finishedAt = history.runState.finishedAt;
    if (history.runState.state === 'cancelled' && this.#finishedAt === null) {
      this.#cancelling = { state: 'yes', by: '' };
    }
  }

  get #schedule(): Schedule {
    return this.#records.schedule;
  }

  get isOver(): boolean {
    const { runState } = this.#schedule;
    return this.#running.size === 0 && runState !== 'running' && runState !== 'waiting';
  }

  /** Starts, or goes on after a restart. */
  begin(history: History | null = null): void {
    for (const [id, gate] of history?.gates ?? []) this.#gates.pickUp(id, gate);
    for (const id of this.#schedule.ids('running')) this.#pickUpTask(id);
    this.#records.skipHopeless(this.#records.ids);
    if (this.#cancelling.state === 'yes') this.#cancelAll();
    this.#pump();
  }

  /** Ends what runs, and publishes nothing of it: whoever reads the log next will see that it was broken off. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    clearImmediate(this.#telling);
    for (const timer of this.#retryTimers.values()) clearTimeout(timer);
    this.#gates.stop();
    const running = [...this.#running.values()];
    for (const { abort } of running) abort.abort();
    await Promise.all(running.map(({ ended }) => ended));
  }

  /** @throws Reject */
  decide(decision: Decision, command: Commanding): void {
    this.#gates.decide(decision, command);
  }

  /** @throws Reject */
  cancel(command: Commanding): void {
    if (this.#retryingBy !== null) throw busy('It is about to be run again.');
    if (this.isOver) throw new Reject('run_over', 'The run is over.');
    if (this.#cancelling.state === 'yes') return;
    this.#cancelling = { state: 'asked', by: command.principal };
    // The same transaction holds the intention, so that a restart in between cancels as well.
    for (const [topic, event] of inBothTopics(this.#runState())) command.publish(topic, event);
    command.afterCommit(() => {
      if (this.#cancelling.state === 'yes') return;
      // It may have come to its own end meanwhile.
      this.#cancelling = this.isOver ? { state: 'no' } : { state: 'yes', by: command.principal };
      this.#cancelAll();
    });
    command.afterRollback(() => {
      if (this.#cancelling.state === 'asked') this.#cancelling = { state: 'no' };
      this.#tell();
    });
  }

  /** @throws Reject */
  retry(nodeId: string, command: Commanding): void {
    this.#know(nodeId);
    this.#runAgain(command, () => retried(this.#records, nodeId));
  }

  /** @throws Reject */
  retryFailed(command: Commanding): void {
    this.#runAgain(command, () => retriedFailed(this.#records));
  }

  /** @throws Reject */
  rerunFrom(nodeId: string, command: Commanding): void {
    this.#know(nodeId);
    this.#runAgain(command, () => rerunFrom(this.#records, nodeId));
  }

  /** @throws Reject */
  #know(nodeId: string): void {
    if (!this.#schedule.node(nodeId)) throw new Reject('unknown_node', `The run has no node "${nodeId}".`);
  }

  /** @throws Reject */
  #runAgain(command: Commanding, choose: () => readonly string[]): void {
    if (this.#cancelling.state !== 'no' && !this.isOver) {
      throw new Reject('run_over', 'The run is being cancelled.');
    }
    if (this.#retryingBy !== null && this.#retryingBy !== command.id) {
      throw busy('Other nodes are about to be run again.');
    }
    if (this.#isBudgetUsedUp) throw new Reject('budget_used_up', 'The budget of this run is used up.');
    const records = choose().map((id) => this.#records.again(id));
    this.#retryingBy = command.id;
    for (const record of records) command.publish(runTopic(this.id), record);
    for (const [topic, event] of inBothTopics(this.#runState())) command.publish(topic, event);
    command.afterCommit(() => {
      this.#retryingBy = null;
      this.#cancelling = { state: 'no' };
      this.#message = undefined;
      this.#finishedAt = null;
      for (const record of records) this.#records.keep(record);
      // What else they depend on may have failed meanwhile.
      this.#records.skipHopeless(this.#records.ids);
      this.#pump();
    });
    command.afterRollback(() => {
      this.#retryingBy = null;
      this.#pump();
    });
  }

  get #isBudgetUsedUp(): boolean {
    const { budget } = this.#opening.pipeline;
    return budget !== undefined && this.#spent > budget.limit;
  }

  /** Starts what can start, and tells how the run stands. */
  #pump(): void {
    if (this.#isStopped) return;
    const { budget } = this.#opening.pipeline;
    if (budget && this.#isBudgetUsedUp) this.#stopForBudget(budget);
    // Nothing begins of which a command that is about to count may take back what it depends on.
    if (this.#cancelling.state !== 'yes' && this.#retryingBy === null) {
      for (const id of this.#schedule.readyGates) this.#ask(id);
      for (const id of this.#schedule.readyTasks) {
        if (this.#running.size >= this.#opening.pipeline.parallel) break;
        if (!this.#retryTimers.has(id)) this.#start(id);
      }
    }
    this.#tell();
  }

  #start(id: string): void {
    const task = this.#schedule.node(id);
    if (!task || isGate(task)) return;
    this.#records.begin(id, 'running', Date.now());
    const abort = new AbortController();
    const ended = this.#attempt(task, abort.signal).catch((error) =>
      this.#services.report(error, `running ${id} of ${this.id}`),
    );
    this.#running.set(id, { abort, ended });
  }

  async #attempt(task: Task, signal: AbortSignal): Promise<void> {
    const lines = limitLines((stream, line) => this.#log(task.id, stream, line));
    const execution = await this.#services.execute(task, { signal, onLine: lines.take });
    if (this.#isStopped) return;
    lines.end();
    this.#running.delete(task.id);
    this.#ended(task, execution);
    this.#pump();
  }

  #ended(task: Task, { ok, message, durationMs, cpuSeconds, memoryBytes }: Execution): void {
    const { id } = task;
    const { budget } = this.#opening.pipeline;
    const { attempt, attempts, metrics } = this.#records.of(id);
    const cost = budget ? cpuSeconds * budget.perCpuSecond + task.cost : 0;
    this.#spent = rounded(this.#spent + cost);
    if (!ok) this.#log(id, 'engine', `attempt ${attempt} of ${attempts} ${message}`);
    const ended = {
      finishedAt: Date.now(),
      lines: this.#lines.writtenBy(id),
      metrics: {
        durationMs: Math.round(durationMs),
        cpuSeconds: rounded(cpuSeconds, 3),
        memoryBytes,
        cost: rounded((metrics?.cost ?? 0) + cost),
      },
    };
    if (ok) this.#records.change(id, { state: 'succeeded', ...ended });
    else if (this.#cancelling.state === 'yes')
      this.#records.change(id, { state: 'cancelled', message, ...ended });
    else if (attempt < attempts) {
      const pauseMs = task.retryAfterSeconds * 1_000;
      const told = `attempt ${attempt} of ${attempts} ${message}; again in ${task.retryAfterSeconds} s`;
      const next = { message: told, readyAt: ended.finishedAt + pauseMs };
      this.#records.follow(id, { state: 'failed', ...ended }, next);
      this.#retryTimers.set(
        id,
        setTimeout(() => this.#retryNow(id), pauseMs),
      );
    } else {
      this.#records.change(id, { state: 'failed', message, ...ended });
      this.#message ??= `${this.#records.titleOf(task.id)} ${message}`;
      this.#error(id, `${this.#records.titleOf(task.id)} ${message}`);
      this.#records.skipHopeless([id]);
    }
    if (budget) this.#publish(costUpdate(budget, this.#spent, Date.now()));
  }

  #retryNow(id: string): void {
    this.#retryTimers.delete(id);
    this.#pump();
  }

  #ask(id: string): void {
    const gate = this.#schedule.node(id);
    if (gate && isGate(gate)) this.#gates.ask(gate);
  }

  #gateEnded(event: ResolvedGate): void {
    const { nodeId: id, verdict, how, at } = event;
    const state = how === 'cancelled' ? this.#withdrawn : verdict === 'approve' ? 'succeeded' : 'rejected';
    this.#records.change(id, { state, finishedAt: at, message: describe(event) });
    if (state === 'rejected') this.#message ??= `${this.#records.titleOf(id)} ${describe(event)}`;
    this.#records.skipHopeless([id]);
  }

  /** What becomes of that which will not begin any more. */
  get #withdrawn(): 'cancelled' | 'skipped' {
    return this.#cancelling.state === 'yes' ? 'cancelled' : 'skipped';
  }

  #cancelAll(): void {
    if (this.#cancelling.state === 'yes') {
      for (const { abort } of this.#running.values()) abort.abort();
      this.#withdraw('the run was cancelled');
    }
    this.#pump();
  }

  #stopForBudget({ limit, currency }: Budget): void {
    if (this.#schedule.count('pending') + this.#gates.undecided === 0) return;
    this.#message = BUDGET_USED_UP;
    this.#error(null, `The budget of ${limit} ${currency} is used up; nothing more is started.`);
    this.#withdraw(BUDGET_USED_UP);
  }

  /** Nothing that has not begun will begin. */
  #withdraw(message: string): void {
    for (const timer of this.#retryTimers.values()) clearTimeout(timer);
    this.#retryTimers.clear();
    for (const id of this.#schedule.ids('pending')) {
      this.#records.change(id, { state: this.#withdrawn, finishedAt: Date.now(), message });
    }
    this.#gates.withdrawUndecided();
  }

  /** A task that ran when the server before this one ended. */
  #pickUpTask(id: string): void {
    const task = this.#schedule.node(id);
    if (!task || isGate(task)) return;
    const { attempts } = this.#records.of(id);
    this.#log(id, 'engine', BROKEN_OFF);
    const lines = this.#lines.writtenBy(id);
    this.#records.change(id, { state: 'interrupted', finishedAt: Date.now(), message: BROKEN_OFF, lines });
    if (task.repeatable) {
      const next = { attempts: attempts + 1, message: `${BROKEN_OFF}, begun anew`, readyAt: Date.now() };
      this.#records.follow(id, { state: 'interrupted' }, next);
      return;
    }
    this.#message ??= `${this.#records.titleOf(task.id)} was ${BROKEN_OFF}`;
    this.#error(
      id,
      `${this.#records.titleOf(task.id)} was ${BROKEN_OFF}; run it again if that does no harm.`,
    );
  }

  #log(nodeId: string, stream: LogStream, line: string): void {
    this.#publish(this.#lines.next(nodeId, stream, line));
  }

  #error(nodeId: string | null, message: string): void {
    const node = nodeId === null ? {} : this.#records.titleAndState(nodeId);
    this.#publish({ type: 'error', runId: this.id, nodeId, ...node, message, at: Date.now() });
  }

  #publish(event: ConsoleEvent): void {
    if (!this.#isStopped) this.#services.publish(runTopic(this.id), event);
  }

  /** How the run stands, once for all that happens at the same time. */
  #tell(): void {
    if (this.#isStopped) return;
    this.#telling ??= setImmediate(() => {
      this.#telling = undefined;
      const event = this.#runState();
      const json = JSON.stringify(event);
      if (json === this.#published) return;
      this.#published = json;
      for (const [topic, told] of inBothTopics(event)) this.#services.publish(topic, told);
    });
  }

  /** What a used-up budget has ended was not ended by a person, even where one has rejected a gate before. */
  get #ownState(): RunState {
    const { runState } = this.#schedule;
    return runState === 'rejected' && this.#message === BUDGET_USED_UP ? 'failed' : runState;
  }

  #runState(): RunStateEvent {
    const isGoingOn = this.#retryingBy !== null || this.#cancelling.state === 'asked' || !this.isOver;
    if (!isGoingOn) this.#finishedAt ??= Date.now();
    return runStateOf(this.#opening, {
      ...this.#stateAndMessage(),
      finishedAt: isGoingOn ? null : this.#finishedAt,
      done: this.#schedule.count('succeeded'),
      failed: this.#schedule.count('failed'),
      rejected: this.#schedule.count('rejected'),
      gatesWaiting: this.#gates.waiting,
      spent: this.#spent,
    });
  }

  #stateAndMessage(): Pick<RunStateEvent, 'state' | 'message'> {
    // As the next server is to find it: neither cancelled any more, nor failed.
    if (this.#retryingBy !== null) return { state: 'running' };
    if (this.#cancelling.state === 'no') return { state: this.#ownState, message: this.#message };
    const { by } = this.#cancelling;
    return { state: 'cancelled', message: by === '' ? this.#message : `cancelled by ${by}` };
  }
}
