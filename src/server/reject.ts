/** How a handler refuses a command. */
export interface RejectOptions {
  /** Refused for now only: the client sends the command again, and holds later high ones of the topic back. @default false */
  readonly retry?: boolean;
  /** When to send it again, milliseconds; clients add jitter. */
  readonly retryAfterMs?: number;
}

/**
 * Thrown by a command's handler: the command is refused, and nothing that the handler published happens.
 * `code` and `message` reach the person who sent it.
 */
export class Reject extends Error {
  override readonly name = 'Reject';
  readonly code: string;
  readonly retry: boolean;
  readonly retryAfterMs: number | null;

  constructor(code: string, message: string, options: RejectOptions = {}) {
    super(message);
    this.code = code;
    this.retry = options.retry ?? false;
    this.retryAfterMs = options.retryAfterMs ?? null;
  }
}
