import type { EventLog } from '../../../src/server/log/event-log.ts';
import { memoryLog } from '../../../src/server/log/memory-log.ts';
import { sqliteLog } from '../../../src/server/sqlite/sqlite-log.ts';

export type LogKind = 'memory' | 'sqlite';
/** What becomes of the next commits: they are rejected, and nothing of them is in the log, or all of it. */
export type CommitFault = 'before' | 'after';

type Commit = EventLog['commit'];
type Committed = (transactions: Parameters<Commit>[0], answer: Awaited<ReturnType<Commit>>) => void;

export const FAULT = 'made to fail';

/** A server's log, which outlives it, with the faults that a log may have. */
export class SimLog {
  readonly kind: LogKind;
  readonly log: EventLog;
  #fault: { readonly what: CommitFault; times: number } | null = null;

  /**
   * @param newEpoch never the same name twice, whatever becomes of the log.
   * @param committed called with each commit, and with what came of it, whether or not the server hears it.
   */
  constructor(kind: LogKind, historyEvents: number, newEpoch: () => string, committed: Committed) {
    this.kind = kind;
    const base = open(kind, historyEvents, newEpoch);
    const commit: Commit = async (transactions, now) => {
      const fault = this.#fault && this.#fault.times-- > 0 ? this.#fault.what : null;
      if (fault === 'before') throw new Error(`${FAULT}: nothing was written`);
      const answer = await base.commit(transactions, now);
      committed(transactions, answer);
      if (fault === 'after') throw new Error(`${FAULT}: it is not known what was written`);
      return answer;
    };
    this.log = new Proxy(base, {
      get: (target, method: keyof EventLog) => (method === 'commit' ? commit : target[method].bind(target)),
    });
  }

  failCommits(what: CommitFault, times: number): void {
    this.#fault = { what, times };
  }
}

function open(kind: LogKind, historyEvents: number, newEpoch: () => string): EventLog {
  return kind === 'sqlite'
    ? sqliteLog(':memory:', { historyEvents, newEpoch })
    : memoryLog({ historyEvents, newEpoch });
}
