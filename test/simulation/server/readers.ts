import type { Authenticate } from '../../../src/server/core/handshake.ts';
import type { Peer } from '../../../src/server/core/peer.ts';
import type { EventLog, OpenOptions, Principal } from '../../../src/server/log/event-log.ts';
import { TOPICS } from '../protocol.ts';
import type { Doorkeeper } from './doorkeeper.ts';

/** What tells of a topic. */
const TELLING: ReadonlySet<unknown> = new Set(['subscribed', 'snapshot', 'event']);

/**
 * Judges that a process of a server gives nothing of a topic to whoever may not read it, from when it was told, or has read in the
 * log, that their rights have changed.
 */
export class Readers {
  /** By principal and topic: which decision it has heard of, and when, by the time that has passed. */
  readonly #heard = new Map<string, { readonly withdrawal: number; readonly at: number }>();
  readonly #doorkeeper: Doorkeeper;
  readonly #elapsed: () => number;
  readonly #problem: (text: string) => void;

  constructor(doorkeeper: Doorkeeper, elapsed: () => number, problem: (text: string) => void) {
    this.#doorkeeper = doorkeeper;
    this.#elapsed = elapsed;
    this.#problem = problem;
  }

  rechecked(principal: Principal): void {
    for (const topic of TOPICS) {
      const withdrawal = this.#doorkeeper.withdrawal(principal, topic);
      const name = `${principal} ${topic}`;
      if (withdrawal !== undefined && this.#heard.get(name)?.withdrawal !== withdrawal)
        this.#heard.set(name, { withdrawal, at: this.#elapsed() });
    }
  }

  /** The log, which tells this first what other servers have had judged anew. */
  hearing(log: EventLog): EventLog {
    type Hear = NonNullable<OpenOptions['hear']>;
    // Where it is opened again it is given the same one: nothing is heard twice.
    const hearers = new Map<Hear | undefined, Hear>();
    const open: EventLog['open'] = (options) => {
      const hear: Hear = (happenings) => {
        for (const happening of happenings)
          if (happening.kind === 'rechecked') this.rechecked(happening.principal);
        options.hear?.(happenings);
      };
      const known = hearers.get(options.hear) ?? hear;
      hearers.set(options.hear, known);
      return log.open({ ...options, hear: known });
    };
    return new Proxy(log, {
      get: (target, method: keyof EventLog) => (method === 'open' ? open : target[method]),
    });
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

  /** What was said in the turn in which the server heard of it leaves at that turn's end. */
  #judge(principal: Principal, text: string): void {
    for (const topic of TOPICS) {
      const heard = this.#heard.get(`${principal} ${topic}`);
      if (!heard || heard.withdrawal !== this.#doorkeeper.withdrawal(principal, topic)) continue;
      if (this.#elapsed() <= heard.at) continue;
      for (const frame of [JSON.parse(text)].flat())
        if (frame.topic === topic && TELLING.has(frame.type))
          this.#problem(`${principal} was given ${frame.type} of ${topic}, and may not read it any more`);
    }
  }
}
