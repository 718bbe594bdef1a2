/** What runs behind the console: a kind of runs, each of which the engine keeps as it keeps all others. */
import type { Commanding } from './commanding.ts';
import type { Decision } from './decision.ts';
import type { ConsoleEvent } from './events.ts';
import type { History } from './history.ts';
import type { Opening, Plan, Replay } from './opening.ts';

export interface RunServices {
  /** The run's own. */
  readonly folder: string;
  publish(topic: string, event: ConsoleEvent): void;
  report(error: unknown, about: string): void;
}

/** One execution. Its commands throw a `Reject` where they come to nothing. */
export interface AnyRun {
  readonly id: string;
  /** Starts, or goes on after a restart. */
  begin(history: History | null): void;
  /** Ends what runs, and publishes nothing of it: whoever reads the log next will see that it was broken off. */
  stop(): Promise<void>;
  decide(decision: Decision, command: Commanding): void;
  cancel(command: Commanding): void;
  retry(nodeId: string, command: Commanding): void;
  retryFailed(command: Commanding): void;
  rerunFrom(nodeId: string, command: Commanding): void;
}

export interface RunKind<S extends { readonly pipeline: Plan }> {
  /** What can be started. */
  readonly sources: readonly S[];
  /** Keeps in the run's folder what a later server needs beside the log to go on with it. */
  save(folder: string, source: S): Promise<void>;
  /** @throws Error that says what is missing or wrong. */
  load(folder: string, pipeline: string): Promise<S>;
  /** Of a recorded execution what is known of it. */
  replayOf(source: S): Replay | undefined;
  /** @param history where the run began under a server before this one. */
  make(source: S, opening: Opening, services: RunServices, history: History | null): AnyRun;
  /** When no run of it is at work any more. */
  close(): void;
}
