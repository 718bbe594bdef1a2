import type { CommandOf, EventInput, EventOf } from 'trunkline/protocol';
import { Reject } from 'trunkline/server';
import { type DemoProtocol, TOPICS } from '../protocol.ts';
import { DEFAULT_INTERVAL_MS, type Machine } from './machine.ts';

/** From a decision to the next question. */
const NEXT_GATE_MS = 4_000;

type Gate = EventOf<DemoProtocol, 'gate'>;
type State =
  | { is: 'open'; gate: Gate }
  /** `by`: the command's id. */
  | { is: 'decided'; gate: Gate; by: string; timer: ReturnType<typeof setTimeout> };
interface Deciding {
  readonly id: string;
  readonly attempt: number;
  publish(topic: string, event: EventInput<DemoProtocol>): void;
}

/** Asks a person, one question at a time, whether this machine should be sampled at another pace. */
export class Gates {
  readonly #machine: Machine;
  readonly #publish: (gate: Gate) => void;
  #state: State;

  /** `open`: the gate that a server before this one left open; `last`: the number of the newest gate. */
  constructor(machine: Machine, publish: (gate: Gate) => void, open: Gate | undefined, last: number) {
    this.#machine = machine;
    this.#publish = publish;
    this.#state = { is: 'open', gate: open ?? gateFor(last + 1, machine.intervalMs) };
    if (!open) publish(this.#state.gate);
  }

  /**
   * The sampling changes at once, but what is published counts only when the server has recorded the command. Where
   * that fails, the command runs again under the same id, and decides the same again.
   */
  decide({ gate: number, verdict }: CommandOf<DemoProtocol, 'human_decision'>, command: Deciding) {
    const { gate } = this.#state;
    if (number !== gate.gate || (this.#state.is === 'decided' && this.#state.by !== command.id)) {
      throw new Reject('gate_closed', `Gate ${number} has been decided already`);
    }
    if (verdict === 'approve') this.#machine.intervalMs = gate.intervalMs;
    const { intervalMs } = this.#machine;
    const { id: commandId, attempt } = command;
    command.publish(TOPICS.gates, { ...gate, state: 'decided' });
    command.publish(TOPICS.gates, {
      type: 'decision',
      gate: number,
      verdict,
      commandId,
      attempt,
    });
    command.publish(TOPICS.machine, { type: 'sampling', intervalMs });
    this.stop();
    const timer = setTimeout(() => this.#askNext(), NEXT_GATE_MS);
    this.#state = { is: 'decided', gate, by: commandId, timer };
    return { intervalMs };
  }

  stop(): void {
    if (this.#state.is === 'decided') clearTimeout(this.#state.timer);
  }

  #askNext(): void {
    const gate = gateFor(this.#state.gate.gate + 1, this.#machine.intervalMs);
    this.#state = { is: 'open', gate };
    this.#publish(gate);
  }
}

function gateFor(gate: number, intervalMs: number): Gate {
  const isFast = intervalMs < DEFAULT_INTERVAL_MS;
  return {
    type: 'gate',
    gate,
    question: isFast ? 'Restart sampling at its normal speed?' : 'Restart sampling at double speed?',
    intervalMs: isFast ? DEFAULT_INTERVAL_MS : DEFAULT_INTERVAL_MS / 2,
    state: 'open',
  };
}
