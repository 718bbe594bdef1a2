import type { Authenticate } from '../../../src/server/core/handshake.ts';
import type { Peer } from '../../../src/server/core/peer.ts';
import type { Principal } from '../../../src/server/log/event-log.ts';
import { TOPICS } from '../protocol.ts';
import type { Doorkeeper } from './doorkeeper.ts';

/** What tells of a topic. */
const TELLING: ReadonlySet<unknown> = new Set(['subscribed', 'snapshot', 'event']);

/**
 * Judges that a process of a server gives nothing of a topic to whoever may not read it, from when it was told, or has applied an
 * entry of the log, that their rights have changed.
 */
export class Readers {
  /** By principal and topic: which decision counts there, and since when, by the time that has passed. */
  readonly #decided = new Map<string, { readonly withdrawal: number; readonly at: number }>();
  readonly #doorkeeper: Doorkeeper;
  readonly #elapsed: () => number;
  readonly #problem: (text: string) => void;

  constructor(doorkeeper: Doorkeeper, elapsed: () => number, problem: (text: string) => void) {
    this.#doorkeeper = doorkeeper;
    this.#elapsed = elapsed;
    this.#problem = problem;
  }

  /** It was told, or has applied, that this person's rights have changed. */
  rechecked(principal: Principal): void {
    for (const topic of TOPICS) {
      const withdrawal = this.#doorkeeper.withdrawal(principal, topic);
      const name = `${principal} ${topic}`;
      if (withdrawal !== undefined && this.#decided.get(name)?.withdrawal !== withdrawal)
        this.#decided.set(name, { withdrawal, at: this.#elapsed() });
    }
  }

  /** A socket that comes, and how it says whose it is. */
  watch(peer: Peer): { watched: Peer; authenticate: Authenticate } {
    let principal: Principal | null = null;
    const watched = new Proxy(peer, {
      get: (target, name: keyof Peer) => {
        const value = target[name];
        if (typeof value !== 'function') return value;
        return (...parameters: never[]) => {
          if (name === 'send' && principal !== null) this.#judge(principal, String(parameters[0]));
          return Reflect.apply(value, target, parameters);
        };
      },
    });
    const authenticate: Authenticate = async (token) => {
      principal = await this.#doorkeeper.authenticate(token);
      return principal;
    };
    return { watched, authenticate };
  }

  /** What was said in the turn in which that began to count leaves at that turn's end. */
  #judge(principal: Principal, text: string): void {
    for (const topic of TOPICS) {
      const decided = this.#decided.get(`${principal} ${topic}`);
      if (!decided || decided.withdrawal !== this.#doorkeeper.withdrawal(principal, topic)) continue;
      if (this.#elapsed() <= decided.at) continue;
      for (const frame of [JSON.parse(text)].flat())
        if (frame.topic === topic && TELLING.has(frame.type))
          this.#problem(`${principal} was given ${frame.type} of ${topic}, and may not read it any more`);
    }
  }
}
