/** What the gateway asks of a backend: that it runs commands. */
import type { EventTraits } from '../../server/core/application.ts';
import type { Principal } from '../../server/log/event-log.ts';

export interface BackendCommand {
  /** A person's own: another one may send the same. */
  readonly id: string;
  readonly type: string;
  /** Its fields beside `type`. */
  readonly payload: { readonly [field: string]: unknown };
  readonly topic: string | null;
  readonly principal: Principal;
  /** The person's browser. */
  readonly client: string;
  /** From 1, as far as the gateway can know. */
  readonly attempt: number;
  /** When the person sent it, milliseconds since 1970 by the browser's clock. */
  readonly createdAt: number;
  /** As W3C's Trace Context writes it; `null`: it came without. */
  readonly traceparent: string | null;
}

/** An event that is to be published in one transaction with the command's id and result. */
export interface BackendEvent extends EventTraits {
  readonly topic: string;
  readonly event: { readonly type: string; readonly [field: string]: unknown };
}

export interface Accepted {
  readonly status: 'accepted';
  /** Any JSON; `undefined` where there is none. */
  readonly result: unknown;
  readonly events: readonly BackendEvent[];
}
export type BackendAnswer =
  | Accepted
  /** For good: `code` and `message` reach the person. */
  | { readonly status: 'refused'; readonly code: string; readonly message: string }
  /**
   * Nobody knows what came of it, or it cannot be run now: the client sends it again, with the same id; where the time is
   * `null`, with its own backoff.
   */
  | { readonly status: 'later'; readonly message: string; readonly retryAfterMs: number | null };

export interface CommandBackend {
  /**
   * What it throws counts as `later`, and is reported. It ends in a time of its own, and at once where the signal is aborted:
   * the gateway is going down.
   * @param take takes what is to be committed: called before `accepted` is answered. Throws a TypeError for an event that cannot
   * be published, and for a result that is none of the command: neither is the person's fault, and the answer is `later`.
   */
  run(command: BackendCommand, take: (answer: Accepted) => void, signal: AbortSignal): Promise<BackendAnswer>;
}
