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
  /** From 1, as far as the gateway can know. */
  readonly attempt: number;
  /** When the person sent it, milliseconds since 1970 by the browser's clock. */
  readonly createdAt: number;
}

/** An event that is to be published in one transaction with the command's id and result. */
export interface BackendEvent extends EventTraits {
  readonly topic: string;
  readonly event: { readonly type: string; readonly [field: string]: unknown };
}

export type BackendAnswer =
  | { readonly status: 'accepted'; readonly result?: unknown; readonly events: readonly BackendEvent[] }
  /** For good: `code` and `message` reach the person. */
  | { readonly status: 'refused'; readonly code: string; readonly message: string }
  /** Nobody knows what came of it, or it cannot be run now: the client sends it again, with the same id. */
  | { readonly status: 'later'; readonly message: string; readonly retryAfterMs: number };

export interface CommandBackend {
  /**
   * Answers within a time of its own, which nobody else ends, and at once where the signal is aborted: the gateway is going
   * down. What it throws counts as `later`, and is reported.
   */
  run(command: BackendCommand, signal: AbortSignal): Promise<BackendAnswer>;
}
