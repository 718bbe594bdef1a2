import type { CommandOf } from 'trunkline/protocol';
import { Reject } from 'trunkline/server';
import type { Execution, LineListener } from './child.ts';
import type { ConsoleEvent, EventOfType } from './events.ts';
import {
  askAt,
  describe,
  inBothTopics,
  type ResolvedGate,
  resolved,
  sayClosed,
  type WaitingGate,
} from './gate.ts';
import type { GateHistory, History } from './history.ts';
import { limitLines } from './lines.ts';
import { type Opening, toldOf } from './opening.ts';
import { type Gate, isGate, type PipelineNode, type Task } from './pipeline.ts';
import { ANYBODY, type ConsoleProtocol, runTopic } from './protocol.ts';
import { Schedule } from './schedule.ts';
import { sayTooLate } from './too-late.ts';

type NodeRecord = EventOfType<'node_state'>;
type Verdict = CommandOf<ConsoleProtocol, 'human_decision'>;

export interface RunServices {
  publish(topic: string, event: ConsoleEvent): void;
  /** One attempt at a task. Never rejects. */
  execute(task: Task, options: { signal: AbortSignal; onLine: LineListener }): Promise<Execution>;
  /** A file of the run's folder. */
  read(file: string): Promise<string>;
  report(error: unknown, about: string): void;
}

/** The command that a handler runs. */
export interface Commanding {
  readonly id: string;
  readonly principal: string;
  publish(topic: string, event: ConsoleEvent): void;
}
/** What a command brings about besides its events, known only when the log has answered. */
export interface Effect {
  recorded(): void;
  /** Nothing of it has happened; it may come again. */
  failed(): void;
}

interface OpenGate {
  readonly asked: WaitingGate;
  timer: ReturnType<typeof setTimeout> | undefined;
  /** The command that is about to decide it: until the log has it, neither another one nor the clock may. */
  decision: { readonly commandId: string; readonly resolved: ResolvedGate } | null;
}
type Cancelling = { is: 'no' } | { is: 'asked' | 'yes'; by: string };

/** For a command that another one of the same kind is in the way of. */
const BUSY_RETRY_MS = 200;
const BUDGET_USED_UP = 'the budget is used up';
const BROKEN_OFF = 'broken off by a restart of the server';

/** One execution of a pipeline. What is published of it is enough to go on with it after a restart. */
export class Run {
  readonly id: string;
  readonly #opening: Opening;
  readonly #services: RunServices;
  readonly #schedule: Schedule;
  readonly #records = new Map<string, NodeRecord>();
  readonly #running = new Map<string, { abort: AbortController; ended: Promise<void> }>();
  /** Nodes that failed and wait for their next attempt. */
  readonly #retryTimers = new Map<string, ReturnType<typeof setTimeout>>();
  /** Gates whose question is being put together. */
  readonly #asking = new Set<string>();
  readonly #gates = new Map<string, OpenGate>();
  /** By the gate's id, for those who come too late. */
  readonly #resolved = new Map<string, ResolvedGate>();
  #cancelling: Cancelling = { is: 'no' };
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
  constructor(opening: Opening, services: RunServices, history: History | null = null) {
    this.id = opening.runId;
    this.#opening = opening;
    this.#services = services;
    for (const [id, record] of history?.nodes ?? []) this.#records.set(id, record);
    this.#schedule = new Schedule(
      opening.pipeline.nodes,
      new Map([...this.#records].map(([id, { state }]) => [id, state])),
    );
    this.#spent = history?.spent ?? 0;
    if (!history?.runState) return;
    this.#published = JSON.stringify(history.runState);
    this.#message = history.runState.message;
    this.#finishedAt = history.runState.finishedAt;
    if (history.runState.state === 'cancelled' && this.#finishedAt === null) {
      this.#cancelling = { is: 'yes', by: '' };
    }
  }

  get isOver(): boolean {
    const { runState } = this.#schedule;
    return this.#running.size === 0 && runState !== 'running' && runState !== 'waiting';
  }

  /** Starts, or goes on after a restart. */
  begin(history: History | null = null): void {
    for (const [id, gate] of history?.gates ?? []) this.#pickUpGate(id, gate);
    for (const id of this.#schedule.ids('running')) this.#pickUpTask(id);
    this.#giveUpHopeless([...this.#records.keys()]);
    if (this.#cancelling.is === 'yes') this.#cancelAll();
    this.#pump();
  }

  /** Ends what runs, and publishes nothing of it: whoever reads the log next will see that it was broken off. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    clearImmediate(this.#telling);
    for (const timer of this.#retryTimers.values()) clearTimeout(timer);
    for (const { timer } of this.#gates.values()) clearTimeout(timer);
    const running = [...this.#running.values()];
    for (const { abort } of running) abort.abort();
    await Promise.all(running.map(({ ended }) => ended));
  }

  /** @throws Reject */
  decide({ gateId, verdict, comment }: Verdict, command: Commanding): Effect {
    const gate = [...this.#gates.values()].find(({ asked }) => asked.gateId === gateId);
    if (!gate) {
      const before = this.#resolved.get(gateId);
      throw new Reject('gate_closed', before ? sayClosed(before, verdict) : 'There is no such gate.');
    }
    const { asked, decision } = gate;
    if (asked.decidedBy !== ANYBODY && asked.decidedBy !== command.principal) {
      throw new Reject('not_yours', `Only ${asked.decidedBy} may decide this.`);
    }
    if (decision && decision.commandId !== command.id) throw busy('Another decision is being recorded.');
    const lateMs = Date.now() - asked.expiresAt;
    if (lateMs >= 0) throw new Reject('gate_closed', sayTooLate(verdict, lateMs, asked.onExpiry));
    const event = resolved(asked, { verdict, how: 'decided', by: command.principal, comment });
    for (const [topic, told] of inBothTopics(event)) command.publish(topic, told);
    gate.decision = { commandId: command.id, resolved: event };
    return {
      recorded: () => {
        this.#close(gate, event);
        this.#pump();
      },
      failed: () => this.#reopen(gate),
    };
  }

  /** @throws Reject */
  cancel(command: Commanding): Effect {
    if (this.isOver) throw new Reject('run_over', 'The run is over.');
    if (this.#cancelling.is === 'yes') return { recorded: () => {}, failed: () => {} };
    this.#cancelling = { is: 'asked', by: command.principal };
    // The same transaction holds the intention, so that a restart in between cancels as well.
    for (const [topic, event] of inBothTopics(this.#runState())) command.publish(topic, event);
    return {
      recorded: () => {
        if (this.#cancelling.is === 'yes') return;
        // It may have come to its own end meanwhile.
        this.#cancelling = this.isOver ? { is: 'no' } : { is: 'yes', by: command.principal };
        this.#cancelAll();
      },
      failed: () => {
        if (this.#cancelling.is === 'asked') this.#cancelling = { is: 'no' };
        this.#tell();
      },
    };
  }

  /** @throws Reject */
  retry(nodeId: string, command: Commanding): Effect {
    const node = this.#schedule.node(nodeId);
    if (!node) throw new Reject('unknown_node', `The run has no node "${nodeId}".`);
    if (this.#cancelling.is !== 'no' && !this.isOver) {
      throw new Reject('run_over', 'The run is being cancelled.');
    }
    if (this.#retryingBy !== null && this.#retryingBy !== command.id) {
      throw busy('Another node is about to be run again.');
    }
    if (this.#isBudgetUsedUp) throw new Reject('budget_used_up', 'The budget of this run is used up.');
    const ids = this.#schedule.retried(nodeId);
    if (!ids) {
      const title = node.title ?? nodeId;
      throw new Reject(
        'not_retryable',
        `"${title}" is ${this.#schedule.state(nodeId)}: only what failed, was cancelled or was interrupted, and depends on nothing of that kind, can be run again.`,
      );
    }
    const records = ids.map((id) => this.#again(id));
    this.#retryingBy = command.id;
    for (const record of records) command.publish(runTopic(this.id), record);
    for (const [topic, event] of inBothTopics(this.#runState())) command.publish(topic, event);
    return {
      recorded: () => {
        this.#retryingBy = null;
        this.#cancelling = { is: 'no' };
        this.#message = undefined;
        this.#finishedAt = null;
        for (const record of records) this.#keep(record);
        this.#pump();
      },
      failed: () => {
        this.#retryingBy = null;
        this.#tell();
      },
    };
  }

  get #isBudgetUsedUp(): boolean {
    return this.#spent > this.#opening.pipeline.budget.limit;
  }

  /** Starts what can start, and tells how the run stands. */
  #pump(): void {
    if (this.#isStopped) return;
    if (this.#isBudgetUsedUp) this.#stopForBudget();
    if (this.#cancelling.is !== 'yes') {
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
    const { attempt } = this.#record(id);
    this.#change(id, { state: 'running', attempt: attempt + 1, startedAt: Date.now(), finishedAt: null });
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
    const { attempt, attempts, metrics } = this.#record(id);
    const cost = cpuSeconds * budget.perCpuSecond + task.cost;
    this.#spent = round(this.#spent + cost, 6);
    const ended = {
      finishedAt: Date.now(),
      metrics: {
        durationMs: Math.round(durationMs),
        cpuSeconds: round(cpuSeconds, 3),
        memoryBytes,
        cost: round((metrics?.cost ?? 0) + cost, 6),
      },
    };
    if (!ok) this.#log(id, 'err', `attempt ${attempt} of ${attempts} ${message}`);
    if (ok) this.#change(id, { state: 'succeeded', ...ended });
    else if (this.#cancelling.is === 'yes') this.#change(id, { state: 'cancelled', message, ...ended });
    else if (attempt < attempts) {
      const after = `in ${task.retryAfterSeconds} s`;
      const told = `attempt ${attempt} of ${attempts} ${message}; again ${after}`;
      this.#change(id, { state: 'pending', message: told, ...ended });
      this.#retryTimers.set(
        id,
        setTimeout(() => this.#retryNow(id), task.retryAfterSeconds * 1_000),
      );
    } else {
      this.#change(id, { state: 'failed', message, ...ended });
      this.#message ??= `${titleOf(task)} ${message}`;
      this.#error(id, `${titleOf(task)} ${message}`);
      this.#giveUpHopeless([id]);
    }
    this.#publish({
      type: 'cost_update',
      spent: this.#spent,
      budget: budget.limit,
      currency: budget.currency,
      at: Date.now(),
    });
  }

  #retryNow(id: string): void {
    this.#retryTimers.delete(id);
    this.#pump();
  }

  #ask(id: string): void {
    const gate = this.#schedule.node(id);
    if (!gate || !isGate(gate) || this.#asking.has(id)) return;
    this.#asking.add(id);
    this.#askNow(gate).catch((error) => this.#services.report(error, `asking at ${id} of ${this.id}`));
  }

  async #askNow(gate: Gate): Promise<void> {
    const { id } = gate;
    const attempt = this.#record(id).attempt + 1;
    const asked = await askAt(gate, { runId: this.id, attempt }, (file) => this.#services.read(file));
    this.#asking.delete(id);
    if (this.#isStopped || this.#schedule.state(id) !== 'pending') return;
    for (const [topic, event] of inBothTopics(asked)) this.#services.publish(topic, event);
    this.#change(id, { state: 'waiting', attempt, startedAt: asked.askedAt, finishedAt: null });
    this.#open(asked);
    this.#tell();
  }

  #open(asked: WaitingGate): void {
    const gate: OpenGate = { asked, timer: undefined, decision: null };
    this.#gates.set(asked.nodeId, gate);
    this.#watchExpiry(gate);
  }

  #watchExpiry(gate: OpenGate): void {
    clearTimeout(gate.timer);
    gate.timer = setTimeout(
      () => {
        // A decision that came in time counts, even where the log takes longer.
        if (gate.decision || this.#isStopped) return;
        this.#settle(gate, resolved(gate.asked, { verdict: gate.asked.onExpiry, how: 'expired' }));
        this.#pump();
      },
      Math.max(0, gate.asked.expiresAt - Date.now()),
    );
  }

  /** The log could not record the decision. */
  #reopen(gate: OpenGate): void {
    gate.decision = null;
    if (this.#isStopped) return;
    if (this.#cancelling.is === 'yes' || this.#isBudgetUsedUp) this.#withdrawGate(gate);
    else this.#watchExpiry(gate);
    this.#pump();
  }

  #withdrawGate(gate: OpenGate): void {
    this.#settle(gate, resolved(gate.asked, { verdict: 'reject', how: 'cancelled' }));
  }

  /** Resolves a gate where no command did. */
  #settle(gate: OpenGate, event: ResolvedGate): void {
    for (const [topic, told] of inBothTopics(event)) this.#services.publish(topic, told);
    this.#close(gate, event);
  }

  #close(gate: OpenGate, event: ResolvedGate): void {
    clearTimeout(gate.timer);
    this.#gates.delete(event.nodeId);
    if (!this.#isStopped) this.#passGate(event);
  }

  #passGate(event: ResolvedGate): void {
    this.#resolved.set(event.gateId, event);
    const { nodeId: id, verdict, how, at } = event;
    const state = how === 'cancelled' ? this.#withdrawn : verdict === 'approve' ? 'succeeded' : 'failed';
    this.#change(id, { state, finishedAt: at, message: describe(event) });
    if (state === 'failed') this.#message ??= `${this.#titleOf(id)} ${describe(event)}`;
    this.#giveUpHopeless([id]);
  }

  /** What becomes of that which will not begin any more. */
  get #withdrawn(): 'cancelled' | 'skipped' {
    return this.#cancelling.is === 'yes' ? 'cancelled' : 'skipped';
  }

  #cancelAll(): void {
    if (this.#cancelling.is === 'yes') {
      for (const { abort } of this.#running.values()) abort.abort();
      this.#withdraw('the run was cancelled');
    }
    this.#pump();
  }

  #stopForBudget(): void {
    const undecided = [...this.#gates.values()].filter(({ decision }) => decision === null);
    if (this.#schedule.count('pending') + undecided.length === 0) return;
    this.#message = BUDGET_USED_UP;
    const { limit, currency } = this.#opening.pipeline.budget;
    this.#error(null, `The budget of ${limit} ${currency} is used up; nothing more is started.`);
    this.#withdraw(BUDGET_USED_UP);
  }

  /** Nothing that has not begun will begin. */
  #withdraw(message: string): void {
    for (const timer of this.#retryTimers.values()) clearTimeout(timer);
    this.#retryTimers.clear();
    for (const id of this.#schedule.ids('pending')) {
      this.#change(id, { state: this.#withdrawn, finishedAt: Date.now(), message });
    }
    // One that is being decided is left to that.
    for (const gate of [...this.#gates.values()]) if (!gate.decision) this.#withdrawGate(gate);
  }

  #giveUpHopeless(from: Iterable<string>): void {
    for (const { id, because } of this.#schedule.hopeless(from)) {
      const message = `${this.#titleOf(because)} ${PAST[this.#schedule.state(because)] ?? 'has not succeeded'}`;
      this.#change(id, { state: 'skipped', message });
    }
  }

  /** A gate that a server before this one knew. */
  #pickUpGate(id: string, { event, isNewerThanNode }: GateHistory): void {
    const state = this.#schedule.state(id);
    if (event.type === 'human_gate_resolved') {
      this.#resolved.set(event.gateId, event);
      if (isNewerThanNode && (state === 'waiting' || state === 'pending')) this.#passGate(event);
    } else if (state === 'waiting' || (isNewerThanNode && state === 'pending')) {
      if (state === 'pending') {
        const attempt = this.#record(id).attempt + 1;
        this.#change(id, { state: 'waiting', attempt, startedAt: event.askedAt, finishedAt: null });
      }
      this.#open(event);
    }
  }

  /** A task that ran when the server before this one ended. */
  #pickUpTask(id: string): void {
    const task = this.#schedule.node(id);
    if (!task || isGate(task)) return;
    const { attempts } = this.#record(id);
    this.#change(id, { state: 'interrupted', finishedAt: Date.now(), message: BROKEN_OFF });
    this.#log(id, 'err', BROKEN_OFF);
    if (task.repeatable) {
      const message = `${BROKEN_OFF}, begun anew`;
      this.#change(id, { state: 'pending', attempts: attempts + 1, message });
      return;
    }
    this.#message ??= `${titleOf(task)} was ${BROKEN_OFF}`;
    this.#error(id, `${titleOf(task)} was ${BROKEN_OFF}; run it again if that does no harm.`);
  }

  /** A node's record for another go. */
  #again(id: string): NodeRecord {
    const { message: _, ...record } = this.#record(id);
    const node = this.#schedule.node(id);
    const more = node && !isGate(node) ? node.retries + 1 : 1;
    return {
      ...record,
      state: 'pending',
      attempts: record.attempt + more,
      startedAt: null,
      finishedAt: null,
    };
  }

  #record(nodeId: string): NodeRecord {
    const node = this.#schedule.node(nodeId);
    const attempts = node && !isGate(node) ? node.retries + 1 : 1;
    return (
      this.#records.get(nodeId) ?? {
        type: 'node_state',
        nodeId,
        state: 'pending',
        attempt: 0,
        attempts,
        startedAt: null,
        finishedAt: null,
      }
    );
  }

  /** What a node was told to be about goes with its state: a message is of one state alone. */
  #change(id: string, change: Partial<NodeRecord> & Pick<NodeRecord, 'state'>): void {
    const { message: _, ...record } = this.#record(id);
    const changed = { ...record, ...change };
    this.#keep(changed);
    this.#publish(changed);
  }

  #keep(record: NodeRecord): void {
    this.#records.set(record.nodeId, record);
    this.#schedule.set(record.nodeId, record.state);
  }

  #log(nodeId: string, stream: 'out' | 'err', line: string): void {
    this.#publish({ type: 'log', nodeId, stream, line });
  }

  #error(nodeId: string | null, message: string): void {
    this.#publish({ type: 'error', runId: this.id, nodeId, message, at: Date.now() });
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

  #runState(): EventOfType<'run_state'> {
    const { runId, pipeline, startedAt, startedBy, replay } = this.#opening;
    const isGoingOn = this.#retryingBy !== null || this.#cancelling.is === 'asked' || !this.isOver;
    if (!isGoingOn) this.#finishedAt ??= Date.now();
    const state =
      this.#cancelling.is !== 'no'
        ? 'cancelled'
        : this.#retryingBy !== null
          ? 'running'
          : this.#schedule.runState;
    const { by } = { by: '', ...this.#cancelling };
    const message = by === '' ? this.#message : `cancelled by ${by}`;
    return {
      type: 'run_state',
      runId,
      pipeline: pipeline.name,
      title: pipeline.title,
      state,
      ...(message === undefined ? {} : { message }),
      startedAt,
      startedBy,
      finishedAt: isGoingOn ? null : this.#finishedAt,
      nodes: pipeline.nodes.length,
      done: this.#schedule.count('succeeded'),
      failed: this.#schedule.count('failed'),
      gatesWaiting: this.#gates.size,
      spent: this.#spent,
      budget: pipeline.budget.limit,
      ...toldOf(replay),
    };
  }

  #titleOf(id: string): string {
    const node = this.#schedule.node(id);
    return node ? titleOf(node) : id;
  }
}

const PAST: Partial<Record<NodeRecord['state'], string>> = {
  failed: 'has failed',
  skipped: 'was skipped',
  cancelled: 'was cancelled',
};

function titleOf(node: PipelineNode): string {
  return node.title ?? node.id;
}

function busy(message: string): Reject {
  return new Reject('busy', message, { retry: true, retryAfterMs: BUSY_RETRY_MS });
}

function round(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}
