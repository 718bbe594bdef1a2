import type { AttachRequest } from '../../src/protocol/port.ts';
import type { EndedSessions, StoreOp } from './store.ts';

/** Of those that were here and of those that were ended, so many are known by name. */
const KEEP_SESSIONS = 200;

const NONE: EndedSessions = { signOuts: 0, at: 0, ids: [] };

/**
 * Which clients a sign-out has ended. One that was in the back/forward cache or frozen then comes back as if nothing had
 * been, and is turned away: it says how often the identity had signed out when it was here last, and if that was before
 * this hub's time. One that never was told is known by its name, or by when it first asked.
 */
export class Sessions {
  #ended: EndedSessions | null = null;
  /** Named by clients of this hub, the newest last. */
  readonly #seen = new Set<string>();

  /** `null`: the store has not said it yet. */
  get signOuts(): number | null {
    return this.#ended?.signOuts ?? null;
  }

  loaded(ended: EndedSessions = NONE): void {
    this.#ended = ended;
  }

  isOver({ session, signOuts, askedAt }: AttachRequest): boolean {
    const ended = this.#ended ?? NONE;
    if (session !== undefined && ended.ids.includes(session)) return true;
    if (signOuts !== undefined) return signOuts < ended.signOuts;
    return askedAt !== undefined && askedAt < ended.at;
  }

  seen({ session }: AttachRequest): void {
    if (session === undefined) return;
    this.#seen.add(session);
    for (const oldest of this.#seen) {
      if (this.#seen.size <= KEEP_SESSIONS) break;
      this.#seen.delete(oldest);
    }
  }

  /** What the store is to hold from a sign-out on. */
  signOut(now: number): StoreOp {
    const { signOuts, ids } = this.#ended ?? NONE;
    const endedSessions: EndedSessions = {
      signOuts: signOuts + 1,
      at: now,
      ids: [...ids, ...this.#seen].slice(-KEEP_SESSIONS),
    };
    return { op: 'set', fields: { endedSessions } };
  }
}
