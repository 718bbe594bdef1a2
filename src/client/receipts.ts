import { commandDefinition, explain, validate } from '../protocol/interpret.ts';
import type { Outcome } from '../protocol/model.ts';
import type { AnyProtocol } from '../protocol/types.ts';
import type { Link } from './connect.ts';
import { type Report, TrunklineError } from './errors.ts';
import type { Receipt } from './types.ts';

interface Open {
  readonly type: string;
  readonly outcome: Promise<Outcome>;
  readonly resolve: (outcome: Outcome) => void;
}

/** The outcomes that this tab waits for. */
export interface Receipts {
  /** The receipt of a command that the hub is asked to keep; where that fails, nobody waits for its outcome. */
  wait(id: string, type: string, asked: Promise<{ durable: boolean }>): Promise<Receipt>;
  /** Its result as the command's schema reads it; as it came, where that fails. */
  settle(id: string, type: string, outcome: Outcome): Outcome;
  /** What ended while this tab was not attached. */
  resume(): void;
}

export function createReceipts(protocol: AnyProtocol, link: Link, report: Report): Receipts {
  const open = new Map<string, Open>();

  const begin = (id: string, type: string) => {
    let resolve: Open['resolve'] = () => {};
    const outcome = new Promise<Outcome>((settle) => {
      resolve = settle;
    });
    open.set(id, { type, outcome, resolve });
    return outcome;
  };

  const read = (type: string, outcome: Outcome): Outcome => {
    const schema = commandDefinition(protocol, type)?.result;
    if (outcome.status !== 'accepted' || !schema) return outcome;
    const read = validate(schema, outcome.result);
    if (!read.issues) return { ...outcome, result: read.value };
    const { issues } = read;
    report(new TrunklineError('invalid_event', `result of ${type}: ${explain(issues)}`, { issues }));
    return outcome;
  };

  const settle = (id: string, type: string, raw: Outcome) => {
    const outcome = read(type, raw);
    open.get(id)?.resolve(outcome);
    open.delete(id);
    return outcome;
  };

  return {
    settle,
    async wait(id, type, asked) {
      // Before the answer: how it ended may come first.
      const outcome = open.get(id)?.outcome ?? begin(id, type);
      try {
        return { id, durable: (await asked).durable, outcome };
      } catch (error) {
        open.delete(id);
        throw error;
      }
    },
    resume() {
      for (const [id, { type }] of open) {
        link
          .call((hub) => hub.settled(id))
          .then((outcome) => outcome && settle(id, type, outcome))
          .catch(() => {});
      }
    },
  };
}
