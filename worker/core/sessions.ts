/**
 * Which clients of an identity a sign-out has ended, as one worker knows it. One that was in the back/forward cache or
 * frozen then comes back as if nothing had been, and is turned away: it says how often the identity had signed out when
 * it was here last, and if that was before this worker's time. One that never was told is known by its name, or by when
 * it first asked.
 */
import type { AttachRequest } from '../../src/protocol/port.ts';
import type { EndedSessions, StoreOp } from './store.ts';

/** Of those that were here and of those that were ended, so many are known by name. */
const KEEP_SESSIONS = 200;

const NONE: EndedSessions = { signOuts: 0, at: 0, ids: [] };

export class Sessions {
  /** As the store has it, or is to have it; `null`: no store has said it yet. */
  #ended: EndedSessions | null = null;
  /** Sign-outs that no store was there to count. */
  #uncounted = NONE;
  /** The store lacks a sign-out: only this worker knows of it. To be set back when it has what `loaded` returned. */
  isAloneInMemory = false;
  /** Named by clients that were here, the newest last. */
  readonly #seen = new Set<string>();

  /** `null`: not known yet. */
  get signOuts(): number | null {
    return this.#ended?.signOuts ?? null;
  }

  /** @returns what this store lacks: it failed when somebody signed out, or was deleted since. */
  loaded(stored: EndedSessions = NONE): StoreOp[] {
    const [known, uncounted] = [this.#ended ?? NONE, this.#uncounted];
    const signOuts = Math.max(stored.signOuts, known.signOuts) + uncounted.signOuts;
    const at = Math.max(stored.at, known.at, uncounted.at);
    // Not a number where one of them has none.
    const some = [stored, known, uncounted].filter((ended) => ended.signOuts > 0);
    const number = Math.max(...some.map((ended) => ended.number ?? Number.NaN));
    const ids = newest([...stored.ids, ...known.ids, ...uncounted.ids]);
    const isSignedInSince = [stored, known].some((one) => one.signOuts === signOuts && one.isSignedInSince);
    this.#ended = {
      signOuts,
      ...(number > 0 && { number }),
      at,
      ids,
      ...(isSignedInSince && { isSignedInSince }),
    };
    this.#uncounted = NONE;
    this.isAloneInMemory = signOuts > stored.signOuts;
    const isLacking = this.isAloneInMemory || (isSignedInSince && !stored.isSignedInSince);
    return isLacking ? [opOf(this.#ended)] : [];
  }

  /** A client is here that was not ended. @returns what the store is to note of it */
  signedIn(): StoreOp[] {
    const ended = this.#ended;
    if (!ended || ended.signOuts === 0 || ended.isSignedInSince) return [];
    this.#ended = { ...ended, isSignedInSince: true };
    return [opOf(this.#ended)];
  }

  isOver({ session, signOuts, begunAfter, askedAt }: AttachRequest, now: number): boolean {
    const ended = this.#ended ?? this.#uncounted;
    if (session !== undefined && ended.ids.includes(session)) return true;
    // The hub that told it the count may not have known of a sign-out that no store took.
    if (begunAfter !== undefined && ended.number !== undefined && begunAfter >= ended.number) return false;
    if (signOuts !== undefined) return signOuts < ended.signOuts;
    // A sign-out that is still to come was before a clock was set back: the time says nothing then.
    return askedAt !== undefined && askedAt < ended.at && ended.at <= now;
  }

  seen({ session }: AttachRequest): void {
    if (session === undefined) return;
    this.#seen.add(session);
    for (const oldest of this.#seen) {
      if (this.#seen.size <= KEEP_SESSIONS) break;
      this.#seen.delete(oldest);
    }
  }

  /** A sign-out: what the store is to hold from then on, and what to call when it takes place, stored or not. */
  signOut(now: number, number?: number): { op: StoreOp; done: (stored: boolean) => void } {
    const { signOuts, ids } = this.#ended ?? this.#uncounted;
    const ended = {
      signOuts: signOuts + 1,
      ...(number && { number }),
      at: now,
      ids: newest([...ids, ...this.#seen]),
    };
    const done = (stored: boolean) => {
      if (!stored) this.isAloneInMemory = true;
      if (this.#ended) this.#ended = ended;
      else this.#uncounted = ended;
    };
    return { op: opOf(ended), done };
  }
}

const opOf = (endedSessions: EndedSessions): StoreOp => ({ op: 'set', fields: { endedSessions } });

const newest = (ids: readonly string[]) => [...new Set(ids)].slice(-KEEP_SESSIONS);
