/**
 * What each server had applied where and when, by its digests: two that differ must not both go on.
 *
 * A digest is of all records up to a position, and of what has come of them.
 */

/** A digest, and when it was come to, in milliseconds since 1970. */
export interface AppliedRecord {
  readonly position: number;
  readonly digest: string;
  readonly at: number;
}

/** One process of a server. */
export class ServerLife {
  readonly name: string;
  readonly applied = new Map<number, AppliedRecord>();
  /** When it said that it has diverged; `null` while it has not. */
  saidAt: number | null = null;
  /** When it was ended; `null` while it is not. */
  endedAt: number | null = null;

  constructor(name: string) {
    this.name = name;
  }

  apply(records: readonly AppliedRecord[]): void {
    for (const record of records) this.applied.set(record.position, record);
  }
}

/** Two servers that differ. */
interface Difference {
  readonly lives: readonly [ServerLife, ServerLife];
  /** The first position where they do. */
  readonly position: number;
  /** From when the second of them had applied it until one of them had said so or was ended; `null`: neither did. */
  readonly noticedMs: number | null;
}

export class Agreement {
  readonly #lives: ServerLife[] = [];

  /** A process of a server begins. */
  begin(name: string): ServerLife {
    const life = new ServerLife(`${name}, process ${this.#lives.length + 1}`);
    this.#lives.push(life);
    return life;
  }

  get said(): number {
    return this.#lives.filter(({ saidAt }) => saidAt !== null).length;
  }

  /** The longest that two servers went on that differ, in milliseconds. */
  get slowestMs(): number {
    return Math.max(0, ...this.#differences().map(({ noticedMs }) => noticedMs ?? Infinity));
  }

  /** Those that differ, and did not notice it within this time. */
  problems(withinMs: number): string[] {
    return this.#differences().flatMap(({ lives: [one, other], position, noticedMs }) =>
      noticedMs !== null && noticedMs <= withinMs
        ? []
        : [`${one.name} and ${other.name} differ from record ${position} on: noticed after ${noticedMs} ms`],
    );
  }

  #differences(): readonly Difference[] {
    return this.#lives.flatMap((one, index) =>
      this.#lives.slice(index + 1).flatMap((other) => difference(one, other) ?? []),
    );
  }
}

function difference(one: ServerLife, other: ServerLife): Difference | null {
  for (const mine of one.applied.values()) {
    const theirs = other.applied.get(mine.position);
    if (!theirs || theirs.digest === mine.digest) continue;
    const since = Math.max(mine.at, theirs.at);
    const ends = [one, other].flatMap(({ saidAt, endedAt }) => [saidAt ?? [], endedAt ?? []].flat());
    const noticedMs = ends.length === 0 ? null : Math.max(0, Math.min(...ends) - since);
    return { lives: [one, other], position: mine.position, noticedMs };
  }
  return null;
}
