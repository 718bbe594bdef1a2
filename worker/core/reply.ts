/** What a call can be answered. */
import type { ErrorCode, Reply } from '../../src/protocol/port.ts';

/** So long the hub waits for its store before it says what it knows so far. A page gives up after 10 s. */
export const ANSWER_WITHIN_MS = 8_000;

export type Respond<T> = (reply: Reply<T>) => void;

export function ok<T>(value: T): Reply<T> {
  return { ok: true, value };
}

/** The store has not said in time whether it was done. */
export const UNCONFIRMED = refusal(
  'unconfirmed',
  "the browser's storage has not answered in time: what was asked may be done: see the outbox",
);

export function refusal(code: ErrorCode, message: string): Reply<never> {
  return { ok: false, code, message };
}
