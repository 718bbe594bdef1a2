import type { ConsoleEvent } from './events.ts';

/** The command that a handler runs. */
export interface Commanding {
  readonly id: string;
  readonly principal: string;
  publish(topic: string, event: ConsoleEvent): void;
  /** What the command brings about besides its events begins when the log has them. */
  afterCommit(callback: () => void): void;
  /** Nothing of it has happened; it may come again. */
  afterRollback(callback: () => void): void;
}
