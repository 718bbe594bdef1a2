/** What a sign-out waits for, whom it tells, and when it is over. */
import type { CallOf } from '../../src/protocol/calls.ts';
import type { AnyOutboxEntry } from '../../src/protocol/port.ts';
import { AwaitedAnswers } from './awaited-answers.ts';
import type { Context } from './context.ts';
import * as outbox from './outbox/outbox.ts';
import type { OutboxState } from './outbox/outbox-state.ts';
import { ok, type Respond, refusal, UNCONFIRMED } from './reply.ts';
import type { Sessions } from './sessions.ts';
import type { StoreOp } from './store.ts';
import type { StoreWriter } from './store-writer.ts';

export interface SignOutOwner {
  /** Somebody signs out: the last known state goes. @param forgotten called when it is gone, or nobody can tell */
  asked(forgotten: () => void): void;
  /** The identity has signed out: this hub is over. */
  signedOut(): void;
  /** No sign-out took place: commands leave again. */
  resumed(): void;
}

/**
 * Signing out: who asks hears of all that was asked before, and nothing is begun after. The end of the sessions and of the
 * rows is one transaction: whatever dies meanwhile, the store says whether it was done.
 */
export class SignOut {
  readonly #context: Context;
  readonly #writer: StoreWriter;
  readonly #sessions: Sessions;
  readonly #box: OutboxState;
  readonly #owner: SignOutOwner;
  readonly #answers: AwaitedAnswers<AnyOutboxEntry[]>;
  /** How many were asked for. */
  #asked = 0;
  #underWay = 0;
  /** One took place: the hub ends with the last of them. */
  #isDone = false;
  readonly #replies: (() => void)[] = [];

  constructor(
    context: Context,
    writer: StoreWriter,
    sessions: Sessions,
    box: OutboxState,
    owner: SignOutOwner,
  ) {
    this.#context = context;
    this.#writer = writer;
    this.#sessions = sessions;
    this.#box = box;
    this.#owner = owner;
    this.#answers = new AwaitedAnswers(context, 'sign out');
  }

  /** Until the last of them is over, nothing leaves, and nothing is taken. */
  get isUnderWay(): boolean {
    return this.#underWay > 0;
  }

  begin({ discard, number }: CallOf<'signOut'>, reply: Respond<AnyOutboxEntry[]>): void {
    const name = String(++this.#asked);
    this.#answers.add(name, reply, UNCONFIRMED);
    const { op, done } = this.#sessions.signOut(this.#context.now, number);
    const clear = discard ? outbox.CLEAR : [];
    this.#underWay += 2;
    this.#owner.asked(() => this.#over());
    const ended = (stored: boolean): void => {
      // It was in doubt, and is not there. The store is back.
      if (!stored && !this.#writer.degraded) return this.#writer.write([op, ...clear], 'strict', ended);
      if (!stored && discard) {
        const message =
          "the browser's storage fails: the outbox cannot be emptied; try again, or without `discard`";
        this.#answers.tell(name, refusal('storage_unavailable', message));
        return this.#over();
      }
      done(stored);
      this.#isDone = true;
      if (!stored) this.#context.report('storage_unavailable', outbox.unstoredSignOut(this.#box));
      this.#whenEndingsAreStored(clear, () => {
        const entries = ok(outbox.view(this.#box));
        this.#replies.push(() => this.#answers.tell(name, entries));
        if (discard) outbox.clear(this.#box);
        this.#over();
      });
    };
    this.#writer.write([op, ...clear], 'strict', ended);
  }

  /** It took place in another hub. What is returned ends this one: to be called when the rows are stored. */
  tookPlace(): () => void {
    this.#underWay++;
    this.#isDone = true;
    return () => this.#over();
  }

  /** What the server answers meanwhile is stored, too. @param clear takes back what that puts. */
  #whenEndingsAreStored(clear: readonly StoreOp[], run: () => void): void {
    if (this.#writer.degraded || !outbox.areEnding(this.#box)) return run();
    this.#writer.write(clear, 'strict', () => this.#whenEndingsAreStored(clear, run));
  }

  /**
   * A sign-out is over, or the state that it takes away is gone: something else of it, or another tab's, may still be under way.
   * Nobody hears of any before all are over: who signs in then is to find another hub.
   */
  #over(): void {
    this.#context.assert(this.#underWay > 0, 'a sign-out ends that was not begun');
    this.#underWay--;
    if (this.#underWay > 0) return;
    for (const reply of this.#replies) reply();
    if (this.#isDone) this.#owner.signedOut();
    else this.#owner.resumed();
  }
}
