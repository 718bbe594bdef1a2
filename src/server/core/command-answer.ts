/** How a command can come out, and which of that a client is told to try again. */
import type { CommandEnd, JsonText } from '../log/event-log.ts';

/** How a command, or the wish to withdraw it, came out. */
export type Answer =
  | { readonly status: 'accepted'; readonly duplicate: boolean; readonly result: JsonText | null }
  | Refused
  /** Its connection may not run commands any more, or it is being withdrawn; nothing of it was committed. */
  | { readonly status: 'abandoned' };

export interface Refused {
  readonly status: 'refused';
  readonly code: string;
  readonly message: string;
  readonly retry: boolean;
  readonly retryAfterMs: number | null;
  /** True where its id was looked up and no handler of it has ever begun. */
  readonly neverBegun: boolean;
}

const UNAVAILABLE_RETRY_MS = 1_000;
const OVERLOADED_RETRY_MS = 1_000;

/** For good. */
export function refused(code: string, message: string, neverBegun: boolean): Refused {
  return { status: 'refused', code, message, retry: false, retryAfterMs: null, neverBegun };
}

/** For now: the server cannot find out. */
export function unavailable(message: string, neverBegun = false): Refused {
  const retryAfterMs = UNAVAILABLE_RETRY_MS;
  return { status: 'refused', code: 'unavailable', message, retry: true, retryAfterMs, neverBegun };
}

/** For now: too much is going on. */
export function overloaded(why: string): Refused {
  return {
    status: 'refused',
    code: 'overloaded',
    message: `${why}; send it again later`,
    retry: true,
    retryAfterMs: OVERLOADED_RETRY_MS,
    neverBegun: false,
  };
}

/** It had ended before it was asked about. */
export function asItEnded(end: CommandEnd): Answer {
  return end.status === 'accepted'
    ? { status: 'accepted', duplicate: true, result: end.result }
    : refused('cancelled', 'it was withdrawn before it was accepted', !end.begun);
}
