/** The lines of a run, of all its nodes and of each, as far as they are kept. */
import type { LogEvent } from '../../engine/events.ts';
import type { LogStream } from '../../engine/protocol.ts';

/** A page that shows a run for days keeps no more; what is over is cut off by the share, so that it is cut off seldom. */
const LIMIT = 100_000;
const CUT = 10_000;

export interface Line {
  readonly nodeId: string;
  readonly stream: LogStream;
  readonly text: string;
  /** When it was written, by the server's clock; absent where an older version kept it. */
  readonly at: number | undefined;
  /** Of the lines of its node, from 1; absent as `at` is. */
  readonly number: number | undefined;
  /** So many of its node should be between the one before and this, and are not: the page was handed too many at once. */
  readonly gap: number;
}

/** Lines in their order, of which the first ones are dropped now and then: each keeps its position. */
export class LineList {
  readonly #lines: Line[] = [];
  #dropped = 0;

  get length(): number {
    return this.#lines.length;
  }

  /** The position of the first line. */
  get first(): number {
    return this.#dropped;
  }

  /** The position after the last line. */
  get end(): number {
    return this.#dropped + this.#lines.length;
  }

  at(position: number): Line | undefined {
    return this.#lines[position - this.#dropped];
  }

  get newest(): Line | undefined {
    return this.#lines.at(-1);
  }

  [Symbol.iterator](): Iterator<Line> {
    return this.#lines.values();
  }

  push(line: Line): void {
    this.#lines.push(line);
  }

  /** Answers the lines that it dropped. */
  drop(count: number): readonly Line[] {
    const dropped = this.#lines.splice(0, count);
    this.#dropped += dropped.length;
    return dropped;
  }
}

/** It changes in place: whoever shows it is told by the wrapper that comes with each change. */
export class RunLog {
  readonly all = new LineList();
  readonly #ofNode = new Map<string, LineList>();

  /** A node's lines, or those of all. */
  of(nodeId: string | null): LineList {
    return nodeId === null ? this.all : this.#listOf(nodeId);
  }

  add({ nodeId, stream, line: text, at, number }: LogEvent): void {
    const list = this.#listOf(nodeId);
    const before = list.newest?.number;
    const gap = number === undefined || before === undefined ? 0 : Math.max(0, number - before - 1);
    const line = { nodeId, stream, text, at, number, gap };
    list.push(line);
    this.all.push(line);
    if (this.all.length >= LIMIT + CUT) this.#cut();
  }

  /**
   * How many lines, of a node or of all, came before the first one that is here.
   *
   * @param written how many each node is known to have written
   */
  cutBefore(nodeId: string | null, written: ReadonlyMap<string, number>): number {
    if (nodeId !== null) return this.#cutOf(nodeId, written);
    const nodes = new Set([...written.keys(), ...this.#ofNode.keys()]);
    return [...nodes].reduce((sum, id) => sum + this.#cutOf(id, written), 0);
  }

  #cutOf(nodeId: string, written: ReadonlyMap<string, number>): number {
    const list = this.#ofNode.get(nodeId);
    const first = list?.at(list.first);
    return first ? (first.number ?? 1) - 1 : (written.get(nodeId) ?? 0);
  }

  #cut(): void {
    const counts = new Map<string, number>();
    for (const { nodeId } of this.all.drop(CUT)) counts.set(nodeId, (counts.get(nodeId) ?? 0) + 1);
    for (const [nodeId, count] of counts) this.#listOf(nodeId).drop(count);
  }

  #listOf(nodeId: string): LineList {
    const list = this.#ofNode.get(nodeId) ?? new LineList();
    this.#ofNode.set(nodeId, list);
    return list;
  }
}
