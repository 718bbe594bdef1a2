import { MemoryProjection } from '../../../src/server/log/memory-projection.ts';
import type { Outcomes } from '../../../src/server/log/projection.ts';
import { type Applied, Replica } from '../../../src/server/replicated/replica.ts';
import type { ManualClock } from '../../../testing/fakes/clock.ts';
import { MemoryEngine, type MemoryLogService } from '../../support/memory-engine.ts';
import type { Chronicle } from './chronicle.ts';
import type { WorkRecords } from './work-records.ts';

/** Follows a log without a fault, and serves nobody: knows what was committed, in the log's order, whoever lived to hear it. */
export class Observer {
  readonly projection = new MemoryProjection();
  readonly problems: string[] = [];
  readonly #chronicle: Chronicle;
  readonly #workRecords: WorkRecords;
  readonly #clock: ManualClock;

  constructor(service: MemoryLogService, clock: ManualClock, chronicle: Chronicle, workRecords: WorkRecords) {
    this.#chronicle = chronicle;
    this.#workRecords = workRecords;
    this.#clock = clock;
    const problem = (what: unknown) => void this.problems.push(`observing the log: ${what}`);
    const replica = new Replica({
      engine: new MemoryEngine(service),
      projection: this.projection,
      events: {
        applied: (record) => this.#applied(record),
        stands: ({ state }) => problem(state),
        leftBehind: async (error) => problem(error),
        trouble: problem,
        starting: () => {},
      },
      timers: clock,
      author: null,
      recordsPerDump: Number.POSITIVE_INFINITY,
    });
    replica.start().catch(problem);
  }

  #applied({ entries, outcomes }: Applied): void {
    const { elapsed } = this.#clock;
    for (const [index, { kind, content }] of entries.entries()) {
      switch (kind) {
        case 'commit':
          this.#chronicle.committed(content.transactions, outcomes[index] as Outcomes['commit']);
          break;
        case 'endTopic':
        case 'prune':
          for (const { topic } of outcomes[index] as Outcomes['endTopic']) this.#chronicle.ended(topic);
          break;
        case 'owe':
          this.#chronicle.debts.recorded(content);
          break;
        case 'open':
          this.#workRecords.note(content.run, 'began', elapsed);
          break;
        case 'tell':
          this.#workRecords.note(content.run, 'at work', elapsed);
          break;
        case 'admit':
          for (const { run } of content.admissions) this.#workRecords.note(run, 'at work', elapsed);
      }
    }
  }
}
