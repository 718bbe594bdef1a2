/** The publications that have names, as a projection in memory holds them: there may be millions within 24 hours. */
import { type EventPlace, PUBLICATION_KEEP_MS } from './event-log.ts';
import type { HeldPublication } from './publications.ts';

/** So many events of one topic, one after the other, from this offset on; `epoch` is its place in the list of them. */
type Stretch = [topic: string, epoch: number, offset: number, count: number];
/** As one text: as objects, the places of 100 events of a topic would take 25 times as much. */
type Packed = [digest: string, at: number, epochs: string[], ...stretches: Stretch[]];

export class HeldPublications {
  /** By key. Those that were recorded last come last. */
  readonly #packed = new Map<string, string>();

  get size(): number {
    return this.#packed.size;
  }

  has(key: string): boolean {
    return this.#packed.has(key);
  }

  find(key: string): HeldPublication | null {
    const text = this.#packed.get(key);
    return text === undefined ? null : unpacked(text);
  }

  record(key: string, publication: HeldPublication): void {
    // Set anew, so that those which were recorded last come last.
    this.#packed.delete(key);
    this.#packed.set(key, packed(publication));
  }

  prune(now: number): void {
    for (const [key, { at }] of this.entries()) {
      if (at >= now - PUBLICATION_KEEP_MS) break;
      this.#packed.delete(key);
    }
  }

  /** Those that were recorded last come last. */
  *entries(): Generator<[string, HeldPublication]> {
    for (const [key, text] of this.#packed) yield [key, unpacked(text)];
  }
}

function packed({ digest, at, places }: HeldPublication): string {
  const epochs = [...new Set(places.map(({ epoch }) => epoch))];
  const stretches: Stretch[] = [];
  for (const { topic, epoch, offset } of places) {
    const last = stretches.at(-1);
    const goesOn = last && last[0] === topic && epochs[last[1]] === epoch && last[2] + last[3] === offset;
    if (goesOn) last[3] += 1;
    else stretches.push([topic, epochs.indexOf(epoch), offset, 1]);
  }
  return JSON.stringify([digest, at, epochs, ...stretches] satisfies Packed);
}

function unpacked(text: string): HeldPublication {
  const [digest, at, epochs, ...stretches] = JSON.parse(text) as Packed;
  const places = stretches.flatMap(([topic, epoch, offset, count]): EventPlace[] =>
    Array.from({ length: count }, (_, place) => ({
      topic,
      epoch: epochs[epoch] ?? '',
      offset: offset + place,
    })),
  );
  return { digest, at, places };
}
