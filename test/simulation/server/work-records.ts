const RECORD_LASTS_MS = 5_000;

interface WorkRecord {
  readonly run: string;
  readonly kind: 'began' | 'at work';
  readonly at: number;
}

/** What a log records of when its servers were at work. */
export class WorkRecords {
  readonly #records: WorkRecord[] = [];

  /** @param at milliseconds that have passed */
  note(run: string, kind: WorkRecord['kind'], at: number): void {
    this.#records.push({ run, kind, at });
  }

  /** Whether it is recorded for this time, or at most 5 s before, that a server was at work which had begun before `beganBy`. */
  keptRecordAt(elapsed: number, beganBy: number): boolean {
    const began = new Map<string, number>();
    return this.#records.some(({ run, kind, at }) => {
      if (kind === 'began') began.set(run, at);
      return (began.get(run) ?? 0) < beganBy && at <= elapsed && elapsed <= at + RECORD_LASTS_MS;
    });
  }

  /** Whether a server began within these times, and none is recorded to have been at work just before. */
  hasGap(from: number, to: number): boolean {
    return this.#records.some(({ kind, at }, i, records) => {
      const before = records[i - 1]?.at ?? Number.NEGATIVE_INFINITY;
      return kind === 'began' && from < at && at <= to && before + RECORD_LASTS_MS < at;
    });
  }
}
