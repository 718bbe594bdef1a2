import type { ManualClock } from '../../testing/fakes/clock.ts';
import type { Wire } from '../../testing/fakes/network.ts';
import type { Account } from './account.ts';
import type { Ledger } from './ledger.ts';
import type { Who } from './people.ts';
import type { SimTab } from './tab.ts';

/** What was on its way when somebody signed out has arrived by then, and every hub has heard of it. */
const GRACE_MS = 10_000;
/** A `signOut` that fails so may have signed out. */
const UNKNOWN = ['hub_lost', 'hub_unavailable', 'unconfirmed', 'closed'];

/** Who has signed out and when: from then on nothing of that session may happen. */
export class SignOuts {
  readonly #clock: ManualClock;
  readonly #ledger: Ledger;
  readonly #tabs: readonly SimTab[];
  readonly #problem: (text: string) => void;
  /** Since when nobody of that name is signed in, by the time that has passed. */
  readonly #outSince = new Map<Who, number>();
  /** Of each the sign-outs that were asked for, and may still come about. */
  readonly #open = new Map<Who, number>();
  readonly #discardedAt = new Map<Account, number>();

  constructor(clock: ManualClock, ledger: Ledger, tabs: readonly SimTab[], problem: (text: string) => void) {
    this.#clock = clock;
    this.#ledger = ledger;
    this.#tabs = tabs;
    this.#problem = problem;
  }

  /** A page of theirs was opened. */
  signIn(who: Who): void {
    this.#outSince.delete(who);
  }

  /** Whether a page that is opened now may be signed out by what was asked before. */
  isUnderWay(who: Who): boolean {
    return (this.#open.get(who) ?? 0) > 0;
  }

  /** @param done called when it is known to be so. */
  signOut(tab: SimTab, discard: boolean, done: () => void): void {
    const own = () => this.#tabs.filter(({ who, page }) => who === tab.who && !page.life.isDead);
    const before = own();
    // Of those that were in doubt already, a refusal says nothing.
    const fresh = before.filter(({ isDoubtful }) => !isDoubtful);
    for (const one of before) one.isDoubtful = true;
    // Whether or not its answer arrives, and also what the page sends later in this turn, which is taken before it.
    if (discard) {
      this.#ledger.discarded(tab.who, []);
      queueMicrotask(() => this.#ledger.discarded(tab.who, []));
    }
    this.#count(tab.who, 1);
    tab.client.signOut({ discard }).then(
      (entries) => {
        this.#count(tab.who, -1);
        const meanwhile = own().filter((one) => !before.includes(one));
        for (const one of meanwhile) one.isDoubtful = true;
        for (const one of before) this.#ends(one);
        if (meanwhile.length === 0) this.#outSince.set(tab.who, this.#clock.elapsed);
        if (discard) this.#discard(tab.who, new Set(meanwhile.map(({ number }) => number)), entries);
        done();
      },
      (error) => {
        const { code } = Object(error);
        if (UNKNOWN.includes(code)) {
          for (const one of own()) one.isDoubtful = true;
          // What was sent in the turn of it was taken before it, and may be thrown away by it.
          if (discard) this.#ledger.discarded(tab.who, []);
          return;
        }
        this.#count(tab.who, -1);
        // Another page's may still come about.
        if (!this.isUnderWay(tab.who)) for (const one of fresh) one.isDoubtful = false;
      },
    );
  }

  /** A command has reached the server. */
  judgeFrame(account: Account): void {
    const discardedAt = this.#discardedAt.get(account);
    if (discardedAt !== undefined && this.#isLongAgo(discardedAt))
      this.#problem(`command ${account.n} was sent, long after it was discarded by a sign-out`);
    const outSince = this.#outSince.get(account.who);
    if (outSince !== undefined && this.#isLongAgo(outSince))
      this.#problem(`command ${account.n} was sent, and ${account.who} is signed out`);
  }

  judgeWire(wire: Wire, who: string | undefined): void {
    const outSince = this.#outSince.get(who as Who);
    // A worker that is stuck hears of it when it goes on.
    if (outSince === undefined || !this.#isLongAgo(outSince) || wire.life.isFrozen || !wire.isHeld) return;
    this.#problem(`a socket of ${who} is open, who has signed out`);
  }

  #count(who: Who, change: 1 | -1): void {
    this.#open.set(who, (this.#open.get(who) ?? 0) + change);
  }

  #ends(tab: SimTab): void {
    tab.isOver = true;
    tab.isDoubtful = false;
  }

  /**
   * @param meanwhile what these tabs have sent may be of the session that follows: the hub that signed out throws it away as
   * well, and a page that was not answered yet gives it to the next one.
   */
  #discard(who: Who, meanwhile: ReadonlySet<number>, entries: Parameters<Ledger['discarded']>[1]): void {
    const ofBefore = ({ command }: (typeof entries)[number]) =>
      !meanwhile.has(this.#ledger.of(command)?.tab ?? Number.NaN);
    this.#ledger.discarded(who, entries.filter(ofBefore));
    for (const account of this.#ledger.accounts)
      if (account.who === who && !meanwhile.has(account.tab))
        this.#discardedAt.set(account, this.#clock.elapsed);
  }

  #isLongAgo(at: number): boolean {
    return this.#clock.elapsed > at + GRACE_MS;
  }
}
