/** What the library's errors are, and where an error goes that a function of the application throws. */
import type { Issues } from '../protocol/interpret.ts';
import type { ErrorCode } from '../protocol/port.ts';

export type { ErrorCode, Issues };

/** Every error of this library; `code` says which, the message says what happened and what to do. */
export class TrunklineError extends Error {
  override readonly name = 'TrunklineError';
  readonly code: ErrorCode;
  /** What the schema found, with `invalid_command` and `invalid_event`. */
  readonly issues?: Issues;

  constructor(code: ErrorCode, message: string, options: { cause?: unknown; issues?: Issues } = {}) {
    super(message, options);
    this.code = code;
    if (options.issues) this.issues = options.issues;
  }
}

/** Where an error goes that no promise can carry. */
export type Report = (error: TrunklineError) => void;

/**
 * Calls a function of the application: what it throws or rejects with is reported, and never stops us. A promise is
 * awaited apart.
 */
export function attempt(run: () => unknown, report: Report, done?: (ok: boolean) => void): void {
  const failed = (cause: unknown) => {
    report(new TrunklineError('listener', `A listener failed: ${String(cause)}`, { cause }));
    done?.(false);
  };
  let result: unknown;
  try {
    result = run();
  } catch (error) {
    failed(error);
    return;
  }
  if (result && typeof (result as { then?: unknown }).then === 'function') {
    Promise.resolve(result).then(() => done?.(true), failed);
  } else done?.(true);
}
