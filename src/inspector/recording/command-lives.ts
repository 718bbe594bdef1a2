/** What became of each command, as far as this page saw it. */
import type { Typed } from '../../protocol/interpret.ts';
import { isWaiting } from '../../protocol/is-waiting.ts';
import type { Outcome } from '../../protocol/model.ts';
import type { Entry, Settlement } from '../inspected.ts';

/** `unseen`: it was somewhere in the outbox, and this page did not look yet. `left`: it was dismissed. */
export type Stage = Entry['state'] | Outcome['status'] | 'unseen' | 'left';

export interface Stretch {
  readonly stage: Stage;
  /** By the browser's clock, ms since 1970. It lasts until the next one; where there is none and it `isOver`, it is a moment. */
  readonly from: number;
}

/** Another object whenever anything of it has changed. */
export interface Life {
  readonly id: string;
  readonly topic: string | null;
  readonly priority: Entry['priority'] | null;
  readonly attempt: number;
  readonly stretches: readonly Stretch[];
  /** Nothing more happens to it, unless a person retries it. */
  readonly isOver: boolean;
  /** Why it waits or ended, as the server or the hub said it. */
  readonly message: string | null;
  readonly command: Typed;
}

/** So many are kept that have left the outbox, the newest. */
const KEPT_LIVES = 500;

export class CommandLives {
  #inOutbox: ReadonlyMap<string, { readonly entry: Entry; readonly life: Life }> = new Map();
  /** Left the outbox, in that order. */
  readonly #left = new Map<string, Life>();

  /** All that are in the outbox, in the order in which they are sent, and then those that have left it, the newest first. */
  get all(): readonly Life[] {
    return [...[...this.#inOutbox.values()].map(({ life }) => life), ...[...this.#left.values()].reverse()];
  }

  /** The whole outbox, as this page is shown it. Entries that did not change are the same objects. */
  heard(entries: readonly Entry[], now: number): void {
    const before = this.#inOutbox;
    this.#inOutbox = new Map(
      entries.map((entry) => {
        const known = before.get(entry.id);
        const life = known?.life ?? this.#left.get(entry.id);
        this.#left.delete(entry.id);
        return [entry.id, known?.entry === entry ? known : { entry, life: lived(life, entry, now) }];
      }),
    );
    for (const [id, { life }] of before)
      if (!this.#inOutbox.has(id)) this.#leave(ended(life, 'left', now, null));
  }

  settled({ id, at, command, outcome }: Settlement): void {
    const message = 'message' in outcome ? outcome.message : null;
    // Of one that is still there the entry tells: a person has to look at it, or has retried it.
    if (this.#inOutbox.has(id)) return;
    const unseen = {
      id,
      topic: null,
      priority: null,
      attempt: 0,
      stretches: [],
      isOver: true,
      message,
      command,
    };
    this.#leave(ended(this.#left.get(id) ?? unseen, outcome.status, at, message));
  }

  #leave(life: Life): void {
    this.#left.delete(life.id);
    this.#left.set(life.id, life);
    for (const oldest of this.#left.keys()) {
      if (this.#left.size <= KEPT_LIVES) break;
      this.#left.delete(oldest);
    }
  }
}

function lived(before: Life | undefined, entry: Entry, now: number): Life {
  const { id, topic, priority, attempt, state, createdAt, command } = entry;
  const message = 'error' in entry ? entry.error.message : null;
  return {
    id,
    topic,
    priority,
    attempt,
    stretches: before ? then(before.stretches, state, now) : begun(state, attempt, createdAt, now),
    isOver: !isWaiting(entry),
    message,
    command,
  };
}

/** What was never handed to a socket has been queued all the time. */
function begun(state: Entry['state'], attempt: number, createdAt: number, now: number): readonly Stretch[] {
  if (state === 'queued' && attempt === 0) return [{ stage: state, from: createdAt }];
  return [
    { stage: 'unseen', from: Math.min(createdAt, now) },
    { stage: state, from: now },
  ];
}

const then = (stretches: readonly Stretch[], stage: Stage, from: number): readonly Stretch[] =>
  stretches.at(-1)?.stage === stage ? stretches : [...stretches, { stage, from }];

/** What is known of how it ended takes the place of a mere leaving. */
function ended(life: Life, stage: Stage, at: number, message: string | null): Life {
  const { stretches } = life;
  const before = stretches.at(-1)?.stage === 'left' ? stretches.slice(0, -1) : stretches;
  return { ...life, stretches: then(before, stage, at), isOver: true, message: message ?? life.message };
}
