/** The control interface of a server under judgement: HTTP on loopback, described in `docs/conformance.md`. */
import { NotJudged, Unkept } from './outcome.ts';
import type { Ability, Profile } from './profile.ts';

export interface PublishedEvent {
  readonly key?: string;
  readonly gone?: true;
  readonly critical?: true;
  readonly text: string;
}

/** What a server starts with: all that it was to remember, nothing of it, or what a copy from before had of it. */
export type Memory = 'kept' | 'lost' | 'restored';

const TIMEOUT_MS = 30_000;
/** Of an answer, in characters. */
const TEXT_SHOWN = 200;

/** `unknown`: it was asked to end or start the server, and did not say that it has. */
type ServerState = 'up' | 'down' | 'unknown';

export class Control {
  readonly #url: string | null;
  readonly #can: ReadonlySet<Ability>;
  #server: ServerState = 'up';

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
    await this.#change('kill', {}, 'down');
  }

  /** Ends the server in order. */
  async stop(): Promise<void> {
    await this.#change('stop', {}, 'down');
  }

  async start(memory: Memory): Promise<void> {
    await this.#change('start', { memory }, 'up');
  }

  /** Copies what the server remembers, as it is while the server is down. */
  async backUp(): Promise<void> {
    await this.#post('backup', {});
  }

  /** Has every topic begin a new epoch, its events as they are. */
  async renew(): Promise<void> {
    await this.#post('renew', {});
  }

  /** After a case that ended in between. `isThere`: whether the server takes connections. */
  async startAgain(isThere: () => Promise<boolean>): Promise<void> {
    if (this.#server === 'unknown' && (await isThere())) this.#server = 'up';
    if (this.#server !== 'up') await this.start(this.can('keep') ? 'kept' : 'lost');
  }

  /** How often a handler of the command was begun, in the server's whole life. */
  async runs(id: string): Promise<number> {
    const request = `runs?id=${encodeURIComponent(id)}`;
    const answer = await this.#ask(request, { method: 'GET' });
    const runs = runsIn(answer);
    if (runs === null) {
      throw new Unkept(
        `the control interface answered GET /${request} by ${answer.slice(0, TEXT_SHOWN)}, not by {"runs": n}`,
      );
    }
    return runs;
  }

  /** If it fails, nobody knows whether it was done. */
  async #change(path: string, body: object, becomes: ServerState): Promise<void> {
    this.#server = 'unknown';
    await this.#post(path, body);
    this.#server = becomes;
  }

  async #post(path: string, body: object): Promise<void> {
    await this.#ask(path, { method: 'POST', body: JSON.stringify(body) });
  }

  async #ask(path: string, request: RequestInit & { readonly method: string }): Promise<string> {
    if (this.#url === null) throw new NotJudged('the profile names no control interface');
    const url = `${this.#url.replace(/\/$/, '')}/${path}`;
    try {
      const response = await fetch(url, { ...request, signal: AbortSignal.timeout(TIMEOUT_MS) });
      const text = await response.text();
      if (!response.ok) throw new Error(`${response.status} ${text.slice(0, TEXT_SHOWN)}`.trim());
      return text;
    } catch (error) {
      throw new Unkept(`the control interface failed at ${request.method} ${url}: ${causeOf(error)}`);
    }
  }
}

function runsIn(answer: string): number | null {
  try {
    const parsed: unknown = JSON.parse(answer);
    if (typeof parsed !== 'object' || parsed === null || !('runs' in parsed)) return null;
    return typeof parsed.runs === 'number' ? parsed.runs : null;
  } catch {
    return null;
  }
}

/** `fetch` itself says no more than that it failed; where several addresses failed, only the code says how. */
function causeOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { cause } = error;
  if (!(cause instanceof Error)) return error.message;
  return cause.message || ('code' in cause ? String(cause.code) : cause.name);
}
