/** Logs that servers of an earlier version have written, with what each record had come to there. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import * as v from 'valibot';
import type { Entry, Outcome, Projection } from '../../../src/server/log/projection.ts';
import { readNote } from '../../../src/server/replicated/authors.ts';
import { Replica } from '../../../src/server/replicated/replica.ts';
import { startTimer } from '../../../src/server/timer.ts';
import { MemoryEngine, MemoryLogService } from '../memory-engine.ts';

export const FOLDER = import.meta.dirname;
export const SUFFIX = '.jsonl.gz';

/** As the engine has it, at the position after the one before it. `digest`: of all up to it, and of what has come of them. */
const RECORD = v.object({ time: v.number(), text: v.string(), digest: v.string() });
/** Of the record before it. */
const DUMP = v.object({ dump: v.array(v.string()) });
const LINE = v.union([RECORD, DUMP]);

export type RecordedLine = v.InferOutput<typeof LINE>;
export type RecordedRecord = v.InferOutput<typeof RECORD>;

export interface RecordedLog {
  readonly records: readonly RecordedRecord[];
  readonly dumps: readonly { readonly position: number; readonly lines: readonly string[] }[];
}

/** Of those that are here. */
export function recordedFormats(): readonly number[] {
  return readdirSync(FOLDER)
    .filter((file) => file.endsWith(SUFFIX))
    .map((file) => Number(file.slice(0, -SUFFIX.length)));
}

export function readRecordedLog(format: number): RecordedLog {
  const text = gunzipSync(readFileSync(join(FOLDER, `${format}${SUFFIX}`))).toString();
  const records: RecordedRecord[] = [];
  const dumps: { position: number; lines: readonly string[] }[] = [];
  for (const json of text.trimEnd().split('\n')) {
    const line = v.parse(LINE, JSON.parse(json));
    if ('dump' in line) dumps.push({ position: records.length, lines: line.dump });
    else records.push(line);
  }
  return { records, dumps };
}

/** What has come of a record. */
export interface Came {
  readonly position: number;
  readonly digest: string;
  /** None where it was void. */
  readonly entries: readonly Entry[];
  readonly outcomes: readonly Outcome[];
}

/** Has a replica of today apply the records that the projection has not applied yet. */
export async function replay(
  records: readonly Pick<RecordedRecord, 'time' | 'text'>[],
  projection: Projection,
): Promise<readonly Came[]> {
  let now = 0;
  const service = new MemoryLogService(() => now);
  for (const { time, text } of records) {
    now = time;
    service.place(text);
  }
  const came: Came[] = [];
  const applyAll = projection.applyAll.bind(projection);
  projection.applyAll = (position, entries, noteOf) => {
    const outcomes = applyAll(position, entries, noteOf);
    came.push({ position, digest: readNote(projection.note).digest, entries, outcomes });
    return outcomes;
  };
  const replica = new Replica({
    engine: new MemoryEngine(service),
    projection,
    events: {
      applied: () => {},
      stands: () => {},
      leftBehind: async () => {},
      trouble: () => {},
      starting: () => {},
    },
    timers: { setTimer: startTimer },
    author: null,
    recordsPerDump: Number.POSITIVE_INFINITY,
  });
  try {
    await replica.start();
  } finally {
    await replica.stop();
    projection.applyAll = applyAll;
  }
  return came;
}
