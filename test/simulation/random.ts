/** Seeded numbers: mulberry32, whose whole state is one 32-bit number. */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = (seed * 0x9e3779b1) >>> 0;
  }

  /** Uniform in [0, 1). */
  readonly next = (): number => {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let x = this.#state;
    x = Math.imul(x ^ (x >>> 15), x | 1);
    x ^= x + Math.imul(x ^ (x >>> 7), x | 61);
    return ((x ^ (x >>> 14)) >>> 0) / 2 ** 32;
  };

  /** 0, 1, … `below` - 1. */
  readonly int = (below: number): number => Math.floor(this.next() * below);

  readonly pick = <T>(values: readonly [T, ...T[]]): T => values[this.int(values.length)] ?? values[0];
}

/** The same answer for the same numbers, however often it is asked and whatever else was drawn: uniform in [0, 1). */
export function chance(...numbers: number[]): number {
  return new Random(numbers.reduce((hash, number) => (Math.imul(hash, 31) + number) >>> 0, 17)).next();
}
