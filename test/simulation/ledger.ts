import type { OutboxEntry, Outcome } from '../../src/index.ts';
import type { StoreOp } from '../../worker/core/store.ts';
import { Account, type Circumstances } from './account.ts';
import type { Who } from './people.ts';

/** The accounts of all commands of a run. */
export class Ledger {
  readonly accounts: Account[] = [];
  readonly circumstances: Circumstances = {
    mayLoseHubs: false,
    serverForgot: false,
    storeFailed: false,
    isPlain: false,
    clocksWereSet: false,
    serversClockWasSet: false,
    someoneElse: false,
  };
  readonly #byN = new Map<number, Account>();
  /** So many commands some disk has had. */
  #stored = 0;
  readonly #elapsed: () => number;
  readonly #problem: (text: string) => void;

  /** @param elapsed the time that has passed in this world */
  constructor(elapsed: () => number, problem: (text: string) => void) {
    this.#elapsed = elapsed;
    this.#problem = problem;
  }

  open(about: ConstructorParameters<typeof Account>[0]): Account {
    const account = new Account(about, this.circumstances, this.#elapsed, this.#problem);
    this.accounts.push(account);
    this.#byN.set(account.n, account);
    return account;
  }

  /** Of a command as it travels. */
  of(command: object): Account | undefined {
    return this.#byN.get(Number(Reflect.get(command, 'n')));
  }

  /** A hub has died, or was stopped: what it had in memory alone may be lost. */
  hubLost(): void {
    for (const account of this.accounts) account.outlivedHub = true;
  }

  /** This is on the disk of some browser from now on. */
  stored(ops: readonly StoreOp[]): void {
    for (const op of ops) {
      if (op.op === 'put' && op.table === 'outcomes' && op.row.outcome.status === 'replaced') {
        const replaced = this.of(op.row.command);
        if (replaced) replaced.isReplaced = true;
      }
      if (op.op !== 'put' || op.table !== 'entries') continue;
      const account = this.of(op.row.command);
      if (!account) continue;
      account.firstStored ??= ++this.#stored;
      if (!op.row.maybeSent) continue;
      if (op.row.attempt === 0) account.isOfferedAnew = true;
      account.marked(this.#elapsed(), op.row.attempt);
    }
  }

  told(command: object, outcome: Outcome): void {
    this.of(command)?.told(outcome.status);
  }

  /** Somebody signed out and threw the outbox away, of which the page was told this much. */
  discarded(who: Who, entries: readonly OutboxEntry<unknown>[]): void {
    for (const account of this.accounts)
      if (account.who === who && account.discarded === 'no') account.discarded = 'perhaps';
    for (const { command, state, attempt } of entries) {
      const account = this.of(command);
      if (account && state === 'queued' && attempt === 0) account.discarded = 'unsent';
    }
  }
}
