/**
 * What follows where the core finds what cannot be. It looks for that by `assert` of its context, of a command in
 * `outbox/entry.ts`; `owner.ts` of the shell catches what is thrown, and ends the ownership; over which command, `suspects.ts`
 * remembers.
 */
import type { ErrorCode } from '../../src/protocol/port.ts';
import type { StoreOp } from './store.ts';
import { suspect } from './suspects.ts';

/** The hub that has found it. */
interface Finder {
  /** While the store fails, memory holds what would be lost. */
  readonly isAloneInMemory: boolean;
  suspects: readonly string[];
  reportOnce(key: string, code: ErrorCode, message: string): void;
}

/**
 * The hub's memory is not to be relied on any more. Effects leave the core at the end of a step alone, so that nothing of the
 * one that threw this is done.
 */
export class Impossible extends Error {
  override readonly name = 'Impossible';
  /** What the store is to remember of it, for the next ownership. */
  readonly note: readonly StoreOp[];

  constructor(message: string, note: readonly StoreOp[]) {
    super(message);
    this.note = note;
  }
}

/**
 * Ends the ownership; the next one starts from the store. Not while the store fails: then it is told, and the transition
 * takes place, so that no step is cut short.
 *
 * @param what was found, as a sentence
 * @param id of the command that it was found of
 * @throws Impossible
 */
export function foundImpossible(finder: Finder, what: string, id?: string): void {
  const message = `the hub found what cannot be: ${what}`;
  if (finder.isAloneInMemory) finder.reportOnce(message, 'hub_lost', `${message}; it goes on`);
  else throw new Impossible(`${message}; it starts again`, id ? suspect(finder, id) : []);
}
