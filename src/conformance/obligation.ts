/** What the protocol obliges a server to, as it is named in a report. */

/** What every server keeps to, and what one with history, acknowledged events and a durable memory does beside. */
export type Level = 'smallest' | 'full';

/** One obligation that is judged by looking at all that is heard, throughout. */
export interface Rule {
  readonly id: string;
  readonly level: Level;
  /** Of `docs/protocol.md`, word for word. */
  readonly sentence: string;
}
