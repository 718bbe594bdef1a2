import type { LineList } from './run-log.ts';

/** Where some text stands in a list of lines, in any case; it looks only at those that have come since it looked last. */
export class LineSearch {
  readonly #list: LineList;
  readonly #part: string;
  #found: number[] = [];
  #lookedUntil = 0;

  constructor(list: LineList, text: string) {
    this.#list = list;
    this.#part = text.toLowerCase();
  }

  /** The positions of the lines that have it, in their order. */
  look(): readonly number[] {
    if (this.#part === '') return this.#found;
    const { first, end } = this.#list;
    if ((this.#found[0] ?? first) < first) this.#found = this.#found.filter((position) => position >= first);
    for (let position = Math.max(first, this.#lookedUntil); position < end; position += 1) {
      if (this.#list.at(position)?.text.toLowerCase().includes(this.#part)) this.#found.push(position);
    }
    this.#lookedUntil = end;
    return this.#found;
  }
}

/** The found position after one, or before it, and round at the ends; `null`: nothing was found. */
export function besides(found: readonly number[], position: number | null, by: 1 | -1): number | null {
  const at = position ?? -1;
  const next = by === 1 ? found.find((other) => other > at) : found.findLast((other) => other < at);
  return next ?? (by === 1 ? found[0] : found.at(-1)) ?? null;
}

/** A line in parts: every other one, beginning with the second, is what was looked for. */
export function partsOf(line: string, text: string): readonly string[] {
  if (text === '') return [line];
  const [low, part] = [line.toLowerCase(), text.toLowerCase()];
  const parts: string[] = [];
  let from = 0;
  for (let at = low.indexOf(part); at >= 0; at = low.indexOf(part, from)) {
    parts.push(line.slice(from, at), line.slice(at, at + part.length));
    from = at + part.length;
  }
  return [...parts, line.slice(from)];
}
