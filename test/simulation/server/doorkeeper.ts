import type { Principal } from '../../../src/server/log/event-log.ts';
import type { Who } from '../people.ts';
import { FAULT } from './log.ts';

/** How the server's `authenticate` or `authorize` behaves for the time being. */
export type Mood = 'fine' | 'slow' | 'fails';

const SLOW_MS = 1_500;

/** Who may come in, and what they may do: the application's `authenticate` and `authorize`. */
export class Doorkeeper {
  authenticating: Mood = 'fine';
  authorizing: Mood = 'fine';
  /** Nobody may send commands to topic `b`. */
  forbids = false;
  /** Whom the tokens of `ann` stand for, where it is not her: the cookie of somebody else, say. */
  standsFor: Principal | null = null;
  /** By "principal topic" that may not be read: the number of that decision. */
  readonly #withdrawn = new Map<string, number>();
  #decisions = 0;
  #version = 0;
  readonly #wait: (ms: number) => Promise<void>;

  constructor(wait: (ms: number) => Promise<void>) {
    this.#wait = wait;
  }

  /** The one that is valid now. */
  tokenOf(who: Who): string {
    return `${who} ${this.#version}`;
  }

  expireTokens(): void {
    this.#version++;
  }

  heal(): void {
    this.authenticating = 'fine';
    this.authorizing = 'fine';
    this.forbids = false;
    this.#withdrawn.clear();
  }

  mayRead(who: string, topic: string, may: boolean): void {
    const name = `${this.principalOf(who)} ${topic}`;
    if (may) this.#withdrawn.delete(name);
    else if (!this.#withdrawn.has(name)) this.#withdrawn.set(name, ++this.#decisions);
  }

  /** The number of the decision by which somebody may not read it; `undefined`: they may. */
  withdrawal(principal: Principal, topic: string): number | undefined {
    return this.#withdrawn.get(`${principal} ${topic}`);
  }

  principalOf(who: string): Principal {
    return who === 'ann' ? (this.standsFor ?? who) : who;
  }

  async authenticate(token: string | undefined): Promise<Principal | null> {
    const [who = '', version] = (token ?? '').split(' ');
    const principal = version === String(this.#version) ? this.principalOf(who) : null;
    await this.#behave(this.authenticating);
    return principal;
  }

  async authorize(principal: Principal, topic: string, action: 'read' | 'write'): Promise<boolean> {
    const mayDo =
      action === 'read' ? this.withdrawal(principal, topic) === undefined : !(this.forbids && topic === 'b');
    await this.#behave(this.authorizing);
    return mayDo;
  }

  async #behave(mood: Mood): Promise<void> {
    if (mood === 'slow') await this.#wait(SLOW_MS);
    if (mood === 'fails') throw new Error(`${FAULT}: it is not known who may do what`);
  }
}
