/** Which gates of a run wait for a person, and which of several answers to one counts. */
import { Reject } from 'trunkline/server';
import type { Commanding } from './commanding.ts';
import { type Decision, judgeDecision } from './decision.ts';
import type { ConsoleEvent, ResolvedGate, WaitingGate } from './events.ts';
import { askAt, inBothTopics, resolved, sayClosed } from './gate-events.ts';
import type { GateHistory } from './history.ts';
import type { NodeRecords } from './node-records.ts';
import type { Gate } from './pipeline.ts';

/** The run, as its gates see it. */
export interface GateServices {
  readonly runId: string;
  readonly records: NodeRecords;
  publish(topic: string, event: ConsoleEvent): void;
  /** A file of the run's folder. */
  read(file: string): Promise<string>;
  report(error: unknown, about: string): void;
  /** Nothing is begun any more: the run was cancelled, or its budget is used up. */
  isWithdrawing(): boolean;
  /** A gate has ended: says what becomes of its node. */
  ended(event: ResolvedGate): void;
  /** Something may be able to start now. */
  goOn(): void;
}

interface OpenGate {
  readonly asked: WaitingGate;
  timer: ReturnType<typeof setTimeout> | undefined;
  /** The command that is about to decide it: until the log has it, neither another one nor the clock may. */
  decidedBy: string | null;
}

/** The questions of a run: who may decide them, until when, and which of several answers counts. */
export class Gates {
  readonly #services: GateServices;
  /** Nodes whose question is being put together. */
  readonly #asking = new Set<string>();
  /** By node. */
  readonly #open = new Map<string, OpenGate>();
  /** By the gate's id, for those who come too late. */
  readonly #ended = new Map<string, ResolvedGate>();
  #isStopped = false;

  constructor(services: GateServices) {
    this.#services = services;
  }

  get waiting(): number {
    return this.#open.size;
  }

  /** Those that nobody is deciding. */
  get undecided(): number {
    return this.#undecided.length;
  }

  stop(): void {
    this.#isStopped = true;
    for (const { timer } of this.#open.values()) clearTimeout(timer);
  }

  ask(gate: Gate): void {
    if (this.#asking.has(gate.id)) return;
    this.#asking.add(gate.id);
    const { report, runId } = this.#services;
    this.#askNow(gate).catch((error) => report(error, `asking at ${gate.id} of ${runId}`));
  }

  /** A gate that a server before this one knew. */
  pickUp(nodeId: string, { event, isNewerThanNode }: GateHistory): void {
    const { records } = this.#services;
    const state = records.schedule.state(nodeId);
    if (event.type === 'human_gate_resolved') {
      this.#ended.set(event.gateId, event);
      if (isNewerThanNode && (state === 'waiting' || state === 'pending')) this.#services.ended(event);
    } else if (state === 'waiting' || (isNewerThanNode && state === 'pending')) {
      if (state === 'pending') this.#isAsked(event);
      this.#opens(event);
    }
  }

  /** @throws Reject */
  decide(decision: Decision, command: Commanding): void {
    const { gateId, verdict } = decision;
    const gate = [...this.#open.values()].find(({ asked }) => asked.gateId === gateId);
    if (!gate) {
      const before = this.#ended.get(gateId);
      throw new Reject('gate_closed', before ? sayClosed(before, verdict) : 'There is no such gate.');
    }
    const event = judgeDecision(gate.asked, decision, command, gate.decidedBy);
    for (const [topic, told] of inBothTopics(event)) command.publish(topic, told);
    gate.decidedBy = command.id;
    command.afterCommit(() => {
      this.#ends(gate, event);
      this.#services.goOn();
    });
    command.afterRollback(() => this.#letGo(gate));
  }

  /** Ends all questions but those that are being decided: what is decided counts. */
  withdrawUndecided(): void {
    for (const gate of this.#undecided) this.#withdraw(gate);
  }

  get #undecided(): OpenGate[] {
    return [...this.#open.values()].filter(({ decidedBy }) => decidedBy === null);
  }

  async #askNow(gate: Gate): Promise<void> {
    const { id } = gate;
    const { records, runId, read, publish } = this.#services;
    const attempt = records.of(id).attempt + 1;
    const asked = await askAt(gate, { runId, attempt }, read);
    this.#asking.delete(id);
    if (this.#isStopped || records.schedule.state(id) !== 'pending') return;
    for (const [topic, event] of inBothTopics(asked)) publish(topic, event);
    this.#isAsked(asked);
    this.#opens(asked);
    this.#services.goOn();
  }

  #isAsked({ nodeId, askedAt }: WaitingGate): void {
    this.#services.records.begin(nodeId, 'waiting', askedAt);
  }

  #opens(asked: WaitingGate): void {
    const gate: OpenGate = { asked, timer: undefined, decidedBy: null };
    this.#open.set(asked.nodeId, gate);
    this.#watchExpiry(gate);
  }

  #watchExpiry(gate: OpenGate): void {
    const { asked } = gate;
    clearTimeout(gate.timer);
    gate.timer = setTimeout(
      () => {
        // A decision that came in time counts, even where the log takes longer.
        if (gate.decidedBy !== null || this.#isStopped) return;
        // A timer may be a millisecond early by the clock that people read, which may also have been set back.
        if (Date.now() < asked.expiresAt) return this.#watchExpiry(gate);
        this.#settle(gate, resolved(asked, { verdict: asked.onExpiry, how: 'expired' }));
        this.#services.goOn();
      },
      Math.max(0, asked.expiresAt - Date.now()),
    );
  }

  /** The decision is not in the log. */
  #letGo(gate: OpenGate): void {
    gate.decidedBy = null;
    if (this.#isStopped) return;
    if (this.#services.isWithdrawing()) this.#withdraw(gate);
    else this.#watchExpiry(gate);
    this.#services.goOn();
  }

  #withdraw(gate: OpenGate): void {
    this.#settle(gate, resolved(gate.asked, { verdict: 'reject', how: 'cancelled' }));
  }

  /** Ends a gate where no command did. */
  #settle(gate: OpenGate, event: ResolvedGate): void {
    for (const [topic, told] of inBothTopics(event)) this.#services.publish(topic, told);
    this.#ends(gate, event);
  }

  #ends(gate: OpenGate, event: ResolvedGate): void {
    clearTimeout(gate.timer);
    this.#open.delete(event.nodeId);
    if (this.#isStopped) return;
    this.#ended.set(event.gateId, event);
    this.#services.ended(event);
  }
}
