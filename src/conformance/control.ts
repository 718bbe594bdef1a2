/** The control interface of a server under judgement: HTTP on loopback, described in `docs/conformance.md`. */
import { NotJudged } from './outcome.ts';
import type { Ability, Profile } from './profile.ts';

export interface PublishedEvent {
  readonly key?: string;
  readonly gone?: true;
  readonly critical?: true;
  readonly text: string;
}

const TIMEOUT_MS = 30_000;

export class Control {
  readonly #url: string | null;
  readonly #can: ReadonlySet<Ability>;
  #isDown = false;

  constructor({ control }: Profile) {
    this.#url = control?.url ?? null;
    this.#can = new Set(control?.can);
  }

  can(ability: Ability): boolean {
    return this.#can.has(ability);
  }

  async publish(topic: string, events: readonly PublishedEvent[]): Promise<void> {
    await this.#post('publish', { topic, events });
  }

  /** Ends the server as a crash would. */
  async kill(): Promise<void> {
    this.#isDown = true;
    await this.#post('kill', {});
  }

  /** Ends the server in order. */
  async stop(): Promise<void> {
    this.#isDown = true;
    await this.#post('stop', {});
  }

  async start(memory: 'kept' | 'lost'): Promise<void> {
    await this.#post('start', { memory });
    this.#isDown = false;
  }

  /** After a case that ended in between. */
  async startAgain(): Promise<void> {
    if (this.#isDown) await this.start(this.can('keep') ? 'kept' : 'lost');
  }

  /** How often a handler of the command was begun, in the server's whole life. */
  async runs(id: string): Promise<number> {
    const answer = await this.#ask(`runs?id=${encodeURIComponent(id)}`, { method: 'GET' });
    const runs = typeof answer === 'object' && answer !== null && 'runs' in answer ? answer.runs : undefined;
    if (typeof runs !== 'number')
      throw new NotJudged('the control interface did not answer /runs by {"runs": n}');
    return runs;
  }

  async #post(path: string, body: object): Promise<void> {
    await this.#ask(path, { method: 'POST', body: JSON.stringify(body) });
  }

  async #ask(path: string, request: RequestInit): Promise<unknown> {
    if (this.#url === null) throw new NotJudged('the profile names no control interface');
    const url = `${this.#url.replace(/\/$/, '')}/${path}`;
    try {
      const response = await fetch(url, { ...request, signal: AbortSignal.timeout(TIMEOUT_MS) });
      const text = await response.text();
      if (!response.ok) throw new Error(`${response.status} ${text.slice(0, 200)}`);
      return text === '' ? null : JSON.parse(text);
    } catch (error) {
      throw new NotJudged(
        `the control interface failed at /${path}: ${error instanceof Error ? error.message : error}`,
      );
    }
  }
}
