/** What becomes of the calls to a hub that has not answered them: asked again, or rejected. */
import type { HubPort } from '../protocol/calls.ts';
import type { Reply } from '../protocol/port.ts';
import { TrunklineError } from './errors.ts';

/** Asks a hub, by one of its calls. */
export type Ask<T> = (hub: HubPort) => Promise<Reply<T>>;

/** One attachment to one hub. */
export interface Attached {
  readonly hub: HubPort;
}

/** What the application awaits. It outlives its hub: `again` says whether the next hub may be asked the same. */
interface PendingCall {
  readonly ask: Ask<unknown>;
  readonly again: boolean;
  /** Of the command that it sends. */
  readonly id: string | undefined;
  /** Whom it was asked last. */
  asked?: Attached;
  resolve(value: unknown): void;
  reject(error: TrunklineError): void;
}

/**
 * The calls that no hub has answered yet. One that is made to a dead peer never settles
 * (https://github.com/GoogleChromeLabs/comlink/issues/601): it ends with its hub, asked again or rejected.
 */
export class PendingCalls<A extends Attached> {
  readonly #lost: (attached: A) => void;
  readonly #calls = new Set<PendingCall>();

  /** @param lost called where the hub that was asked does not know this tab any more. */
  constructor(lost: (attached: A) => void) {
    this.#lost = lost;
  }

  /** @param attached `null`: there is no hub to ask yet. */
  ask<T>(ask: Ask<T>, again: boolean, attached: A | null, id?: string): Promise<T> {
    return new Promise((resolve, reject) => {
      const call: PendingCall = { ask, again, id, resolve: resolve as PendingCall['resolve'], reject };
      this.#calls.add(call);
      if (attached) this.#offer(call, attached);
    });
  }

  /**
   * A command is told to have ended: whoever sends it has the answer by that. The next hub, whose store may lack its end,
   * might have it run.
   */
  ended(id: string): void {
    for (const call of this.#calls)
      if (call.id === id && this.#calls.delete(call)) call.resolve({ durable: true });
  }

  /** Asks this hub what it was not asked yet. */
  offerAll(attached: A): void {
    for (const call of this.#calls) if (call.asked !== attached) this.#offer(call, attached);
  }

  /** The hub is gone: what it did of that which only it could answer is not known. */
  hubGone(): void {
    for (const call of this.#calls) {
      if (!call.asked || call.again) continue;
      this.#calls.delete(call);
      call.reject(unanswered('The hub is gone'));
    }
  }

  /** No hub will be asked. */
  rejectAll(error: TrunklineError): void {
    for (const call of this.#calls) call.reject(call.asked ? unanswered(error.message) : error);
    this.#calls.clear();
  }

  #offer(call: PendingCall, attached: A): void {
    call.asked = attached;
    call.ask(attached.hub).then(
      (reply) => {
        if (!reply.ok && reply.code === 'hub_lost') this.#lost(attached);
        else if (this.#calls.delete(call)) {
          if (reply.ok) call.resolve(reply.value);
          else call.reject(new TrunklineError(reply.code, reply.message));
        }
      },
      (error) => this.#calls.delete(call) && call.reject(unanswered(error)),
    );
  }
}

const unanswered = (why: unknown) =>
  new TrunklineError('hub_lost', `${why}; what was asked may be done: see the outbox`);
