/** When the outcome of a command that this tab has sent settles. */
import { explain, interpretOutcome } from '../protocol/interpret.ts';
import type { Outcome } from '../protocol/model.ts';
import type { AnyProtocol } from '../protocol/types.ts';
import { type Report, TrunklineError } from './errors.ts';
import type { Frame } from './frame.ts';
import type { Link } from './link.ts';
import type { Receipt } from './types.ts';

interface Open {
  readonly type: string;
  readonly outcome: Promise<Outcome>;
  readonly resolve: (outcome: Outcome) => void;
  /** How many calls were promised this outcome. */
  promised: number;
  /** So many calls wait for a hub to take it: until then how it ended before may be known there, or nothing. */
  asking: number;
  /** A hub has come meanwhile that may know how it ended. */
  isStale: boolean;
}

/** The outcomes that this tab waits for. */
export interface Receipts {
  /** The receipt of a command that the hub is asked to keep, or to send again; where that fails, there is none. */
  wait(id: string, type: string, asked: Promise<{ durable: boolean }>): Promise<Receipt>;
  /** Its result as the command's schema reads it; as it came, where that fails. */
  settle(id: string, type: string, outcome: Outcome): Outcome;
  /** What ended while this tab was not attached. */
  resume(): void;
}

export function createReceipts(protocol: AnyProtocol, link: Link, frame: Frame, report: Report): Receipts {
  const open = new Map<string, Open>();

  const begin = (id: string, type: string) => {
    let resolve: Open['resolve'] = () => {};
    const outcome = new Promise<Outcome>((settle) => {
      resolve = settle;
    });
    const entry: Open = { type, outcome, resolve, promised: 0, asking: 0, isStale: false };
    open.set(id, entry);
    return entry;
  };

  const read = (type: string, raw: Outcome): Outcome => {
    const { outcome, issues } = interpretOutcome(protocol, type, raw);
    if (issues)
      report(new TrunklineError('invalid_event', `result of ${type}: ${explain(issues)}`, { issues }));
    return outcome;
  };

  const settle = (id: string, type: string, raw: Outcome) => {
    const outcome = read(type, raw);
    const entry = open.get(id);
    // Whoever asks for it again from here on waits for another outcome.
    open.delete(id);
    if (entry) frame.show('outcome', () => entry.resolve(outcome));
    return outcome;
  };

  const ask = (id: string, entry: Open) => {
    entry.isStale = false;
    link
      .call((hub) => hub.settled(id))
      .then((outcome) => outcome && open.get(id) === entry && settle(id, entry.type, outcome))
      .catch(() => {});
  };

  return {
    settle,
    async wait(id, type, asked) {
      // Before the answer: how it ended may come first.
      const entry = open.get(id) ?? begin(id, type);
      entry.promised++;
      entry.asking++;
      try {
        return { id, durable: (await asked).durable, outcome: entry.outcome };
      } catch (error) {
        // What others were promised stays: a retry of what is pending is refused, say.
        if (--entry.promised === 0 && open.get(id) === entry) open.delete(id);
        throw error;
      } finally {
        entry.asking--;
        if (entry.isStale && entry.asking === 0 && open.get(id) === entry) ask(id, entry);
      }
    },
    resume() {
      for (const [id, entry] of open) {
        if (entry.asking > 0) entry.isStale = true;
        else ask(id, entry);
      }
    },
  };
}
