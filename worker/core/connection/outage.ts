/**
 * From the end of a connection to the next one. A browser does not say why a handshake fails: in each outage that is
 * found out once, if the application wants it.
 */
import type { Diagnosis, FailureCause } from '../../../src/protocol/model.ts';

/** A `Retry-After` counts up to this: what a plain request is told is no reason to leave somebody alone for hours. */
const LONGEST_WAIT_MS = 300_000;

const WORDS: Readonly<Record<FailureCause, string>> = {
  no_route: 'nothing answers there',
  forbidden: 'a request there is refused (401 or 403)',
  redirect: 'a request there is sent elsewhere, as to a login page',
  unavailable: 'its server takes nobody for now',
  not_websocket: 'there is a server, but no WebSocket; check the URL',
  unknown: 'the browser does not say why',
};

export class Outage {
  #number = 1;
  #isAsked = false;
  #diagnosis: Diagnosis | null = null;

  /** What the answer is to name; `null`: it was asked before. */
  ask(): number | null {
    if (this.#isAsked) return null;
    this.#isAsked = true;
    return this.#number;
  }

  /** @returns how long to wait at least; `null`: the answer came too late. */
  answered(outage: number, { cause, retryAfterMs = 0 }: Diagnosis): number | null {
    if (outage !== this.#number) return null;
    this.#diagnosis = { cause };
    return Math.min(retryAfterMs, LONGEST_WAIT_MS);
  }

  end(): void {
    this.#number++;
    this.#isAsked = false;
    this.#diagnosis = null;
  }

  /** Of a handshake that failed without a word. */
  get detail(): { cause?: FailureCause; message?: string } {
    if (!this.#diagnosis) return {};
    const { cause } = this.#diagnosis;
    return { cause, message: WORDS[cause] };
  }
}
