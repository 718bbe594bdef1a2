import { Reject } from 'trunkline/server';
import type { Commanding } from './commanding.ts';
import { type Decision, judgeDecision } from './decision.ts';
import type { ResolvedGate, WaitingGate } from './events.ts';
import { inBothTopics, resolved, sayClosed } from './gate-events.ts';

export type Gate = WaitingGate | ResolvedGate;
/** What a node asks. */
export type Question = Pick<WaitingGate, 'title' | 'show' | 'decidedBy' | 'onExpiry'> & {
  readonly timeLimitSeconds: number;
};

export interface QuestionServices {
  readonly runId: string;
  tell(event: Gate): void;
  /** A person is asked from now on. */
  asked(nodeId: string): void;
  /** A decision is in the log, or the time is over. */
  answered(event: ResolvedGate): void;
}

/** What the nodes of a run have asked, each by a name of the engine's: so nobody is asked twice, and no answer counts twice. */
export class Questions {
  readonly #services: QuestionServices;
  /** By id, the newest event of each. */
  readonly #gates: Map<string, Gate>;
  readonly #timers = new Map<string, ReturnType<typeof setTimeout>>();
  /** The command that is about to decide a gate: until the log has it, neither another one nor the clock may. */
  readonly #deciding = new Map<string, string>();
  #isStopped = false;

  constructor(services: QuestionServices, known: ReadonlyMap<string, Gate> = new Map()) {
    this.#services = services;
    this.#gates = new Map(known);
  }

  get waiting(): WaitingGate[] {
    return [...this.#gates.values()].filter((gate) => gate.type === 'human_gate_waiting');
  }

  /** The newest of a node. */
  at(nodeId: string): Gate | undefined {
    return [...this.#gates.values()].filter((gate) => gate.nodeId === nodeId).at(-1);
  }

  watch(): void {
    for (const gate of this.waiting) this.#watch(gate);
  }

  stop(): void {
    this.#isStopped = true;
    for (const timer of this.#timers.values()) clearTimeout(timer);
  }

  /**
   * Asks it where it is new, or was withdrawn with a run that goes on again.
   *
   * @param name the same each time that the node comes to this question, also after a restart
   */
  meet(nodeId: string, name: string, question: () => Question): Gate {
    for (let time = 1; ; time += 1) {
      const gateId = [this.#services.runId, nodeId, name, ...(time > 1 ? [time] : [])].join('/');
      const known = this.#gates.get(gateId);
      if (!known) return this.#ask(gateId, nodeId, question());
      if (known.type === 'human_gate_waiting' || known.how !== 'cancelled') return known;
    }
  }

  /** @throws Reject */
  decide(decision: Decision, command: Commanding): void {
    const { gateId } = decision;
    const gate = this.#gates.get(gateId);
    if (!gate) throw new Reject('gate_closed', 'There is no such gate.');
    if (gate.type === 'human_gate_resolved')
      throw new Reject('gate_closed', sayClosed(gate, decision.verdict));
    const event = judgeDecision(gate, decision, command, this.#deciding.get(gateId) ?? null);
    for (const [topic, told] of inBothTopics(event)) command.publish(topic, told);
    this.#deciding.set(gateId, command.id);
    // A server that dies before this is called finds the decision in the log when it is back.
    command.afterCommit(() => {
      this.#deciding.delete(gateId);
      this.#ends(event);
      this.#services.answered(event);
    });
    command.afterRollback(() => {
      this.#deciding.delete(gateId);
      this.#watch(gate);
    });
  }

  /** Ends all but those that are being decided: what is decided counts. */
  withdraw(): void {
    for (const gate of this.waiting) {
      if (this.#deciding.has(gate.gateId)) continue;
      const event = resolved(gate, { verdict: 'reject', how: 'cancelled' });
      this.#ends(event);
      this.#services.tell(event);
    }
  }

  #ask(gateId: string, nodeId: string, { timeLimitSeconds, ...shown }: Question): WaitingGate {
    const askedAt = Date.now();
    const gate: WaitingGate = {
      type: 'human_gate_waiting',
      runId: this.#services.runId,
      gateId,
      nodeId,
      ...shown,
      askedAt,
      expiresAt: askedAt + timeLimitSeconds * 1_000,
    };
    this.#gates.set(gateId, gate);
    this.#services.asked(nodeId);
    this.#services.tell(gate);
    this.#watch(gate);
    return gate;
  }

  #watch(gate: WaitingGate): void {
    const { gateId, expiresAt, onExpiry } = gate;
    clearTimeout(this.#timers.get(gateId));
    if (this.#isStopped || this.#gates.get(gateId) !== gate) return;
    const end = () => {
      if (this.#deciding.has(gateId)) return;
      // A timer may be early by the clock that people read.
      if (Date.now() < expiresAt) return this.#watch(gate);
      const event = resolved(gate, { verdict: onExpiry, how: 'expired' });
      this.#ends(event);
      this.#services.tell(event);
      this.#services.answered(event);
    };
    this.#timers.set(gateId, setTimeout(end, Math.max(0, expiresAt - Date.now())));
  }

  #ends(event: ResolvedGate): void {
    clearTimeout(this.#timers.get(event.gateId));
    this.#gates.set(event.gateId, event);
  }
}
