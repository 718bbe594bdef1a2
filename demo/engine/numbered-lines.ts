import type { LogEvent } from './events.ts';
import type { LogStream } from './protocol.ts';

/** What the nodes of a run write, numbered: whoever has the newest lines alone knows how many came before them. */
export class NumberedLines {
  readonly #written: Map<string, number>;

  /** @param before how many each node had written under a server before this one. */
  constructor(before: ReadonlyMap<string, number> = new Map()) {
    this.#written = new Map(before);
  }

  writtenBy(nodeId: string): number {
    return this.#written.get(nodeId) ?? 0;
  }

  next(nodeId: string, stream: LogStream, line: string): LogEvent {
    const number = this.writtenBy(nodeId) + 1;
    this.#written.set(nodeId, number);
    return { type: 'log', nodeId, stream, line, at: Date.now(), number };
  }
}
