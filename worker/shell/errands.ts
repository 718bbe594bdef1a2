/** How several events of one service worker share what it does for an identity, so that each ends in its own time. */
import { type BackgroundEnd, BackgroundHub, type BackgroundPlatform, type Errand } from './background-hub.ts';

interface Turns {
  readonly present: Promise<BackgroundEnd>;
  /** For all that come while the present one is under way. */
  next: Promise<BackgroundEnd> | null;
}

/**
 * The errands of one life of a service worker. An identity has one at a time. Whoever comes while it is under way may be about
 * what that one has not seen: one more follows, which all of them share, in the time that the first of them has left.
 */
export class Errands {
  readonly #platform: BackgroundPlatform;
  readonly #ofIdentity = new Map<string, Turns>();

  constructor(platform: BackgroundPlatform) {
    this.#platform = platform;
  }

  /** What it answers was looked at after this call. Settles always, soon after `errand.endsAt` at the latest, and never rejects. */
  run(errand: Errand): Promise<BackgroundEnd> {
    const turns = this.#ofIdentity.get(errand.identity);
    if (!turns) return this.#start(errand);
    turns.next ??= turns.present.then(() => this.#start(errand));
    return turns.next;
  }

  #start(errand: Errand): Promise<BackgroundEnd> {
    const turns: Turns = { present: new BackgroundHub(this.#platform, errand).run(), next: null };
    this.#ofIdentity.set(errand.identity, turns);
    turns.present.then(() => {
      if (turns.next === null) this.#ofIdentity.delete(errand.identity);
    });
    return turns.present;
  }
}
