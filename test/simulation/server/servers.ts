import type { EventLog, Principal } from '../../../src/server/log/event-log.ts';
import type { Application } from './application.ts';
import type { Chronicle } from './chronicle.ts';
import type { LogFault } from './log.ts';
import type { WorkRecords } from './work-records.ts';

/** Whoever answers the browsers of a world: one server, or several on one log. */
export interface Servers {
  readonly application: Application;
  readonly chronicle: Chronicle;
  readonly workRecords: WorkRecords;
  /** What the log comes to. */
  readonly log: Pick<EventLog, 'state' | 'owed'>;
  /** How often the history was lost. */
  readonly amnesias: number;
  /** How often it was brought back from a backup. */
  readonly restores: number;
  /** How often of these it ignored cursors for a while. */
  readonly ignoringRestores: number;
  /** Welcomed clients at one server; the most of any, where there are several. */
  readonly connections: number;

  publish(topic: string, event: { type: string; [field: string]: unknown }): void;
  /** Whether new sockets are taken. */
  setUp(isUp: boolean): void;
  /** All faults end, whatever was asked for before. */
  heal(): void;
  /** One is killed at this moment, and started again. */
  restart(keepsHistory: boolean): void;
  /** One says goodbye; when it is done, or already before, another one takes its place. */
  drain(how: Drain, pass: (ms: number) => Promise<void>): Promise<void>;
  /** Somebody sets the clock that the log goes by. */
  setClock(ms: number): void;
  failLog(what: LogFault, times: number): void;
  expireTokens(): void;
  /** By one server. */
  endTopic(topic: string): void;
  /** One server is told that somebody's rights have changed. */
  recheck(principal: Principal): void;
  /** What is wrong with them when everything has come to rest. */
  problemsAtRest(): readonly string[];
}

export interface Drain {
  readonly ms: number;
  readonly overlaps: boolean;
}
