import type { EventLog, Opened, OpenOptions } from '../../../src/server/log/event-log.ts';
import { memoryLog } from '../../../src/server/log/memory-log.ts';
import { sqliteLog } from '../../../src/server/sqlite/sqlite-log.ts';
import type { Debt } from './debts.ts';
import { WorkRecords } from './work-records.ts';

/** `sliding`: in memory, of the last few commands alone. */
export type LogKind = 'memory' | 'sliding' | 'sqlite';
/** What becomes of the next calls of a kind: they are rejected, and nothing of them is in the log, or all of it. */
export type LogFault = 'commit before' | 'commit after' | 'open before' | 'admit before';

type Commit = EventLog['commit'];
type Transactions = Parameters<Commit>[0];
type Answers = Awaited<ReturnType<Commit>>;

export interface SimLogOptions {
  readonly kind: LogKind;
  readonly historyEvents: number;
  /** Never the same name twice, whatever becomes of the log. */
  readonly newEpoch: () => string;
  /** Milliseconds that have passed. */
  readonly elapsed: () => number;
  /** Called with each commit, and with what came of it, whether or not the server hears it. */
  readonly committed: (transactions: Transactions, answers: Answers) => void;
  readonly ended: (topic: string) => void;
  readonly recorded: (debt: Debt) => void;
}

/** A log as a backup has it, and what it lacks. */
export interface Restored {
  readonly log: SimLog;
  readonly lost: readonly Transactions[number][];
  /** When the log was last known to be written. */
  readonly knownUntil: number;
}

export const FAULT = 'made to fail';
const SLIDING_IDS = 3;
const READS: ReadonlySet<keyof EventLog> = new Set([
  'read',
  'state',
  'latest',
  'recall',
  'runs',
  'dedupeSince',
  'owed',
  'unrecorded',
  'position',
  'disconnect',
  'recheck',
  'close',
]);
/** What says that a server is at work. */
const RECORDS: ReadonlySet<keyof EventLog> = new Set(['open', 'tell', 'admit']);

interface Change {
  readonly method: keyof EventLog;
  readonly parameters: readonly unknown[];
  readonly at: number;
}

/** A server's log, which outlives it, with the faults that a log may have. */
export class SimLog {
  /** As the server has it. */
  readonly log: EventLog;
  readonly workRecords = new WorkRecords();
  readonly #options: SimLogOptions;
  readonly #base: EventLog;
  /** All that ever changed it, in order: a backup is the beginning of it. */
  readonly #changes: Change[] = [];
  /** What was named by it, in order. */
  readonly #names: string[] = [];
  /** Of a backup, while it is brought back. */
  #namesBefore: string[];
  #isToRenew = false;
  #fault: { readonly what: LogFault; times: number } | null = null;

  constructor(options: SimLogOptions, namesBefore: readonly string[] = []) {
    this.#options = options;
    this.#namesBefore = [...namesBefore];
    this.#base = open(options, () => this.#newName());
    this.log = new Proxy(this.#base, {
      get:
        (_, method: keyof EventLog) =>
        (...parameters: unknown[]) =>
          this.#call(method, parameters),
    });
  }

  failNext(what: LogFault, times: number): void {
    this.#fault = { what, times };
  }

  /**
   * Another log, with what this one held when so large a share of its changes had been made. `notices`: it finds that out when
   * it is opened, as a log in a file does by the mark beside it.
   */
  async restored(share: number, notices: boolean): Promise<Restored> {
    const backup = new SimLog(this.#options, this.#names);
    const count = Math.max(1, Math.floor(this.#changes.length * share));
    let knownUntil = 0;
    for (const change of this.#changes.slice(0, count)) {
      if (RECORDS.has(change.method)) knownUntil = change.at;
      await backup.#apply(change);
    }
    backup.#namesBefore = [];
    backup.#isToRenew = notices;
    const lost = this.#changes
      .slice(count)
      .flatMap(({ method, parameters }) => (method === 'commit' ? (parameters[0] as Transactions) : []));
    return { log: backup, lost, knownUntil };
  }

  async #call(method: keyof EventLog, parameters: readonly unknown[]): Promise<unknown> {
    const fault = this.#fault;
    const hit = fault?.what.startsWith(method) && fault.times-- > 0 ? fault.what : null;
    if (hit?.endsWith('before')) throw new Error(`${FAULT}: nothing was written`);
    const at = this.#options.elapsed();
    const answer = await this.#apply({ method, parameters, at });
    if (method === 'open' && this.#isToRenew) {
      this.#isToRenew = false;
      const { now } = parameters[0] as OpenOptions;
      await this.#apply({ method: 'renew', parameters: [Math.max(now, (answer as Opened).newestTime)], at });
    }
    if (method === 'commit') this.#options.committed(parameters[0] as Transactions, answer as Answers);
    if (method === 'endTopic') this.#options.ended(String(parameters[0]));
    if (method === 'owe') {
      const [client, topic, epoch, , upTo] = parameters as Parameters<EventLog['owe']>;
      this.#options.recorded({ client, topic, epoch, upTo });
    }
    if (hit) throw new Error(`${FAULT}: it is not known what was written`);
    return answer;
  }

  #apply(change: Change): unknown {
    const { method, parameters } = change;
    if (!READS.has(method)) this.#changes.push(change);
    // One run at a time.
    if (RECORDS.has(method)) this.workRecords.note('', method === 'open' ? 'began' : 'at work', change.at);
    return Reflect.apply(this.#base[method], this.#base, parameters);
  }

  #newName(): string {
    const name = this.#namesBefore.shift() ?? this.#options.newEpoch();
    this.#names.push(name);
    return name;
  }
}

function open({ kind, historyEvents }: SimLogOptions, newEpoch: () => string): EventLog {
  switch (kind) {
    case 'memory':
      return memoryLog({ historyEvents, newEpoch });
    case 'sliding':
      return memoryLog({ historyEvents, newEpoch, commandIds: SLIDING_IDS });
    case 'sqlite':
      return sqliteLog(':memory:', { historyEvents, newEpoch });
  }
}
