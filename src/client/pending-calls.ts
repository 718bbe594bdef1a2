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
  /** Whom it was asked last. */
  asked?: Attached;
  resolve(value: unknown): void;
  reject(error: TrunklineError): void;
}

/** The calls that no hub has answered yet. */
export interface PendingCalls<A extends Attached> {
  /** @param attached `null`: there is no hub to ask yet. */
  ask<T>(ask: Ask<T>, again: boolean, attached: A | null): Promise<T>;
  /** Asks this hub what it was not asked yet. */
  offerAll(attached: A): void;
  /** The hub is gone: what it did of that which only it could answer is not known. */
  hubGone(): void;
  /** No hub will be asked. */
  rejectAll(error: TrunklineError): void;
}

/**
 * A call to a dead peer never settles (https://github.com/GoogleChromeLabs/comlink/issues/601): it ends with its hub, asked
 * again or rejected.
 *
 * @param lost called where the hub that was asked does not know this tab any more.
 */
export function createPendingCalls<A extends Attached>(lost: (attached: A) => void): PendingCalls<A> {
  const calls = new Set<PendingCall>();
  const offer = (call: PendingCall, attached: A) => {
    call.asked = attached;
    call.ask(attached.hub).then(
      (reply) => {
        if (!reply.ok && reply.code === 'hub_lost') lost(attached);
        else if (calls.delete(call)) {
          if (reply.ok) call.resolve(reply.value);
          else call.reject(new TrunklineError(reply.code, reply.message));
        }
      },
      (error) => calls.delete(call) && call.reject(unanswered(error)),
    );
  };
  return {
    ask: <T>(ask: Ask<T>, again: boolean, attached: A | null) =>
      new Promise<T>((resolve, reject) => {
        const call: PendingCall = { ask, again, resolve: resolve as PendingCall['resolve'], reject };
        calls.add(call);
        if (attached) offer(call, attached);
      }),
    offerAll(attached) {
      for (const call of calls) if (call.asked !== attached) offer(call, attached);
    },
    hubGone() {
      for (const call of calls) {
        if (!call.asked || call.again) continue;
        calls.delete(call);
        call.reject(unanswered('The hub is gone'));
      }
    },
    rejectAll(error) {
      for (const call of calls) call.reject(call.asked ? unanswered(error.message) : error);
      calls.clear();
    },
  };
}

const unanswered = (why: unknown) =>
  new TrunklineError('hub_lost', `${why}; what was asked may be done: see the outbox`);
