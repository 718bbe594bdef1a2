/** What is gathered of a client over time, from when it was first asked for. */
import type { Inspected } from '../inspected.ts';
import { CommandLives } from './command-lives.ts';
import { type ConnectionStep, withStep } from './connection-history.ts';

/** By one of them recorders know the others of its client. */
const KEPT_SESSIONS = 20;

export class Recording {
  /** By the browser's clock, ms since 1970: earlier things are not known. */
  readonly since = Date.now();
  readonly commands = new CommandLives();
  #steps: readonly ConnectionStep[] = [];
  readonly #sessions = new Set<string>();
  readonly #listeners = new Set<{ readonly changed: () => void }>();

  /** Lives as long as the client does: it listens to it, which starts the hub. */
  constructor(client: Inspected) {
    client.connection.subscribe((connection) => {
      this.#steps = withStep(this.#steps, connection, Date.now());
      if (connection.state === 'open') this.#connected(connection.session);
      this.#changed();
    });
    client.outbox.subscribe((entries) => {
      this.commands.heard(entries, Date.now());
      this.#changed();
    });
    client.outbox.onSettled((settled) => {
      this.commands.settled(settled);
      this.#changed();
    });
  }

  /** The oldest first. */
  get connection(): readonly ConnectionStep[] {
    return this.#steps;
  }

  /** Those that this page was connected by, the newest last. */
  get sessions(): readonly string[] {
    return [...this.#sessions];
  }

  /** Calls back when anything was added. The returned function ends it. */
  listen(changed: () => void): () => void {
    const entry = { changed };
    this.#listeners.add(entry);
    return () => this.#listeners.delete(entry);
  }

  #connected(session: string): void {
    this.#sessions.add(session);
    const [oldest] = this.#sessions;
    if (this.#sessions.size > KEPT_SESSIONS && oldest !== undefined) this.#sessions.delete(oldest);
  }

  #changed(): void {
    for (const { changed } of this.#listeners) changed();
  }
}

const recordings = new WeakMap<Inspected, Recording>();

/** The one of this client, which begins now if there is none yet. */
export function recordingOf(client: Inspected): Recording {
  const known = recordings.get(client) ?? new Recording(client);
  recordings.set(client, known);
  return known;
}
