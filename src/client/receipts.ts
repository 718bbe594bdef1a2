import { commandDefinition, explain, validate } from '../protocol/interpret.ts';
import type { Outcome } from '../protocol/model.ts';
import type { AnyProtocol } from '../protocol/types.ts';
import type { Link } from './connect.ts';
import { type Report, TrunklineError } from './errors.ts';

interface Open {
  readonly type: string | undefined;
  readonly outcome: Promise<Outcome>;
  resolve(outcome: Outcome): void;
}

/** The outcomes that this tab waits for. */
export class Receipts {
  readonly #protocol: AnyProtocol;
  readonly #report: Report;
  readonly #open = new Map<string, Open>();

  constructor(protocol: AnyProtocol, report: Report) {
    this.#protocol = protocol;
    this.#report = report;
  }

  /** The outcome of a command that is asked of the hub; where that fails, nobody waits for it. */
  async wait(
    id: string,
    type: string | undefined,
    asked: Promise<{ durable: boolean }>,
  ): Promise<{ id: string; durable: boolean; outcome: Promise<Outcome> }> {
    // Before the answer: how it ended may come first.
    const { outcome } = this.#open.get(id) ?? this.#add(id, type);
    try {
      return { id, durable: (await asked).durable, outcome };
    } catch (error) {
      this.#open.delete(id);
      throw error;
    }
  }

  settle(id: string, outcome: Outcome): void {
    this.#open.get(id)?.resolve(outcome);
    this.#open.delete(id);
  }

  /** What ended while this tab was not attached. */
  resume(link: Link): void {
    for (const [id, { type }] of this.#open) {
      link
        .call((hub) => hub.settled(id))
        .then(
          (outcome) => outcome && this.settle(id, this.read(type, outcome)),
          () => {},
        );
    }
  }

  /** Its result as the command's schema reads it; as it came, where that fails. */
  read(type: string | undefined, outcome: Outcome): Outcome {
    const schema = type === undefined ? undefined : commandDefinition(this.#protocol, type)?.result;
    if (outcome.status !== 'accepted' || !schema) return outcome;
    const read = validate(schema, outcome.result);
    if (!read.issues) return { ...outcome, result: read.value };
    const { issues } = read;
    this.#report(
      new TrunklineError('invalid_event', `The result of ${type}: ${explain(issues)}`, { issues }),
    );
    return outcome;
  }

  #add(id: string, type: string | undefined): Open {
    let resolve: Open['resolve'] = () => {};
    const outcome = new Promise<Outcome>((settle) => {
      resolve = settle;
    });
    const open = { type, outcome, resolve };
    this.#open.set(id, open);
    return open;
  }
}
