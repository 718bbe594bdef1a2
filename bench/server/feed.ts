import type { Server } from 'node:http';
import type { BenchEvent } from '../shared/events.ts';

/** The server's half of a contender. */
export interface Feed {
  attach(http: Server): void;
  publish(event: BenchEvent): Promise<unknown> | undefined;
}
/** Takes a command, by the number that it carries. */
export type OnCommand = (n: number) => void;
export type CreateFeed = (onCommand: OnCommand, logFile?: string) => Feed | Promise<Feed>;
