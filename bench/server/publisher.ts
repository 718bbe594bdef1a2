import { setImmediate, setTimeout as sleep } from 'node:timers/promises';
import { now } from '../shared/clock.ts';
import { type BenchEvent, type Digest, digestOf, makeEvent } from '../shared/events.ts';
import type { Burst, Published, Script, Steady } from './contract.ts';
import type { Feed } from './feed.ts';

/** Events of a burst between two turns of the event loop, so that sockets get to write. */
const BURST_CHUNK = 100;

/** Publishes the same for every contender, and numbers it. */
export class Publisher {
  readonly #feed: Feed;
  readonly #state = new Map<string, number>();
  #last = 0;

  constructor(feed: Feed) {
    this.#feed = feed;
  }

  get next(): number {
    return this.#last + 1;
  }

  state(): Digest {
    return digestOf(this.#state);
  }

  burst({ type, count, keys, firstKey = 0 }: Burst): Promise<Published> {
    return this.#publish(async () => {
      let published: Promise<unknown> | undefined;
      for (let i = 0; i < count; i++) {
        published = this.#put(type, `key-${firstKey + (i % keys)}`);
        if (i % BURST_CHUNK === BURST_CHUNK - 1) await setImmediate();
      }
      await published;
    });
  }

  steady({ type, perSecond, seconds, keys, firstKey = 0 }: Steady): Promise<Published> {
    return this.#pace(
      perSecond * seconds,
      (i) => i / perSecond,
      type,
      (i) => `key-${firstKey + (i % keys)}`,
    );
  }

  play(script: Script): Promise<Published> {
    return this.#pace(
      script.length,
      (i) => script[i]?.[1] ?? 0,
      'reading',
      (i) => script[i]?.[0] ?? '',
    );
  }

  /** What is due is published at once; until then it sleeps. */
  #pace(
    count: number,
    dueSeconds: (i: number) => number,
    type: BenchEvent['type'],
    key: (i: number) => string,
  ): Promise<Published> {
    return this.#publish(async (startedAt) => {
      for (let i = 0; i < count; ) {
        const ms = now() - startedAt;
        while (i < count && dueSeconds(i) * 1_000 <= ms) this.#put(type, key(i++));
        await sleep(Math.max(1, dueSeconds(i) * 1_000 - ms));
      }
    });
  }

  async #publish(work: (startedAt: number) => Promise<void>): Promise<Published> {
    const first = this.next;
    const startedAt = now();
    await work(startedAt);
    return { first, last: this.#last, startedAt, endedAt: now() };
  }

  #put(type: BenchEvent['type'], key: string): Promise<unknown> | undefined {
    const n = ++this.#last;
    if (type === 'reading') this.#state.set(key, n);
    if (type === 'gone') this.#state.delete(key);
    return this.#feed.publish(makeEvent(type, n, now(), key));
  }
}
