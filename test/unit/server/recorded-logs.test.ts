import { describe, expect, test } from 'vitest';
import type { Admitted, CommandEnd, CommandRecord, Committed } from '../../../src/server/log/event-log.ts';
import { MemoryProjection } from '../../../src/server/log/memory-projection.ts';
import type { EntryKind, Projection } from '../../../src/server/log/projection.ts';
import { RECORD_FORMAT } from '../../../src/server/replicated/record.ts';
import { loadDump } from '../../support/load-dump.ts';
import {
  type Came,
  readRecordedLog,
  recordedFormats,
  replay,
} from '../../support/recorded-logs/recorded-log.ts';
import { newSqliteProjection } from '../../support/sqlite-projection.ts';

const WHAT_TO_DO = `
An entry comes to something else than it did where this log was recorded. In a rolling deploy servers of both versions apply the same
entries, so that they would say log_diverged. Have it come to what it came to. Where it has to be something else: raise RECORD_FORMAT,
apply what was written in the format before by the rules of before, and record a log of the new one beside this one
(docs/decisions/0021-records-of-one-format.md). Do not record this one anew once a release has written its format.`;

const WHAT_TO_DO_WITH_DUMPS = `
A dump that an earlier version has made is not what it was. A server that starts has nothing else where the records before it are
forgotten: go on reading it as it was meant.`;

const PROJECTIONS: [string, () => [Projection, end: () => void]][] = [
  ['in memory', () => [new MemoryProjection(), () => {}]],
  [
    'in SQLite',
    () => {
      const { projection, end } = newSqliteProjection();
      return [projection, end];
    },
  ],
];

const digestsOf = (came: readonly Came[]) => came.map(({ position, digest }) => `${position} ${digest}`);

/** What it came to, as a dump of today: what a dump says may become more. */
function asToday(dump: Iterable<string>): readonly string[] {
  const projection = new MemoryProjection();
  loadDump(projection, dump);
  return [...projection.dump()];
}

describe.each(recordedFormats())('the recorded log of format %i', (format) => {
  const { records, dumps } = readRecordedLog(format);
  const recorded = records.map(({ digest }, index) => `${index + 1} ${digest}`);

  test.each(PROJECTIONS)('comes to what it came to, %s', async (_, create) => {
    const [projection, end] = create();
    const came = await replay(records, projection);
    expect(digestsOf(came), WHAT_TO_DO).toEqual(recorded);
    const last = dumps.at(-1);
    expect(projection.position).toBe(last?.position);
    expect([...projection.dump()], WHAT_TO_DO).toEqual(asToday(last?.lines ?? []));
    end();
  });

  test.each(PROJECTIONS)('goes on from a dump that was made of it, %s', async (_, create) => {
    expect(dumps.length).toBeGreaterThan(2);
    for (const { position, lines } of dumps) {
      const [projection, end] = create();
      loadDump(projection, lines);
      expect(projection.position).toBe(position);
      const came = await replay(records, projection);
      expect(digestsOf(came), WHAT_TO_DO_WITH_DUMPS).toEqual(recorded.slice(position));
      expect([...projection.dump()], WHAT_TO_DO_WITH_DUMPS).toEqual(asToday(dumps.at(-1)?.lines ?? []));
      end();
    }
  });
});

/** Of one that is too large, or has a name too many, there is no entry. */
const STATUSES: {
  readonly commit: Record<Exclude<Committed['status'], 'too_large' | 'too_many_names'>, true>;
  readonly begin: Record<CommandRecord['status'], true>;
  readonly cancel: Record<CommandEnd['status'], true>;
  readonly admit: Record<Admitted['status'], true>;
} = {
  commit: {
    committed: true,
    duplicate: true,
    repeated: true,
    key_reused: true,
    superseded: true,
    unexpected: true,
    cancelled: true,
  },
  begin: { begun: true, accepted: true, cancelled: true },
  cancel: { accepted: true, cancelled: true },
  admit: { admitted: true, foreign: true, superseded: true, overtaken: true },
};

/** What each kind may come to; those that have no answer: that there was one. */
const OUTCOMES: Record<EntryKind, readonly string[]> = {
  open: [''],
  tell: [''],
  commit: Object.keys(STATUSES.commit),
  renew: [''],
  begin: Object.keys(STATUSES.begin),
  cancel: Object.keys(STATUSES.cancel),
  admit: Object.keys(STATUSES.admit),
  owe: [''],
  acknowledge: [''],
  disconnect: [''],
  recheck: [''],
  endTopic: ['', 'ended'],
  prune: ['', 'ended'],
};

function outcomeOf(part: object): string {
  if ('status' in part) return String(part.status);
  return 'topic' in part ? 'ended' : '';
}

test('the recorded log of today’s format has every kind of entry, every outcome, and what was written twice', async () => {
  const came = await replay(readRecordedLog(RECORD_FORMAT).records, new MemoryProjection());
  const seen = new Set(
    came.flatMap(({ entries, outcomes }) =>
      entries.flatMap(({ kind }, index) => {
        const parts = [outcomes[index] ?? []].flat();
        return parts.length === 0 ? `${kind} ` : parts.map((part) => `${kind} ${outcomeOf(part)}`);
      }),
    ),
  );
  const wanted = Object.entries(OUTCOMES).flatMap(([kind, all]) => all.map((one) => `${kind} ${one}`));
  expect(wanted.filter((one) => !seen.has(one))).toEqual([]);
  expect(came.some(({ entries }) => entries.length === 0)).toBe(true);
});
