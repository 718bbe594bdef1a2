import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import {
  type Admission,
  type Admitted,
  KEEP_MS,
  type NewEvent,
  PUBLICATION_KEEP_MS,
} from '../../../src/server/log/event-log.ts';
import { MemoryProjection } from '../../../src/server/log/memory-projection.ts';
import {
  type Entry,
  type EntryKind,
  type MemoryLimits,
  type Outcomes,
  OWNER_KEEP_MS,
  type Projection,
  TERM_KEEP_MS,
} from '../../../src/server/log/projection.ts';
import { Random } from '../../simulation/random.ts';
import { loadDump } from '../../support/load-dump.ts';
import { CLIENTS, randomEntries, TOPICS } from '../../support/random-entries.ts';
import { newSqliteProjection } from '../../support/sqlite-projection.ts';

/** `RANDOM_LOGS=10000` for all of them. */
const RANDOM_LOGS = Number(process.env['RANDOM_LOGS'] ?? 300);
const NOW = 1_700_000_000_000;
const LIMITS: MemoryLimits = { tailLimit: 1, historyEvents: 2, commandIds: 10, clientIds: 2 };
const [ANN] = CLIENTS;
const EVENT = { key: null, gone: false, critical: false, event: '{}', owedBy: [] };

function next<K extends EntryKind>(projection: Projection, entry: Entry<K>): Outcomes[K] {
  return projection.apply(projection.position + 1, entry);
}

/** One entry as one, several at one position. */
function record(projection: Projection, entries: readonly Entry[]): unknown {
  const [entry, ...more] = entries;
  return entry && more.length === 0
    ? next(projection, entry)
    : projection.applyAll(projection.position + 1, entries, (outcomes) => JSON.stringify(outcomes));
}

function open(projection: Projection, limits: Partial<MemoryLimits> = {}): void {
  next(projection, {
    kind: 'open',
    content: { now: NOW, limits: { ...LIMITS, ...limits }, run: 'r', epoch: 'e' },
  });
}

function admit(projection: Projection, admission: Partial<Admission>, now = NOW): Admitted {
  const whole = { client: ANN, term: 1, run: 'r', seen: 0, ...admission };
  const [admitted] = next(projection, { kind: 'admit', content: { now, admissions: [whole], counted: now } });
  if (!admitted) throw new Error('not answered');
  return admitted;
}

function publish(projection: Projection, ...events: Partial<NewEvent>[]): void {
  const whole = { ...EVENT, topic: 't' };
  next(projection, {
    kind: 'commit',
    content: { now: NOW, transactions: [{ command: null, events: events.map((e) => ({ ...whole, ...e })) }] },
  });
}

function reads(projection: Projection): unknown {
  return [
    projection.runs(),
    projection.note,
    projection.dedupeSince(),
    projection.publicationNames(),
    TOPICS.map((topic) => [
      projection.state(topic),
      projection.latest(topic, 'k'),
      projection.read(topic, { after: 3 }, { first: 5 }),
      projection.read(topic, { since: NOW + 1_000 }, { last: 3 }),
      CLIENTS.map((client) => [
        projection.owed(client, topic),
        projection.unrecorded(client, topic, [1, 2, 3, 9], null),
        projection.unrecorded(client, topic, [], { after: 2 }),
        projection.unrecorded(client, topic, [5], { since: NOW + 1_000 }),
      ]),
    ]),
    Array.from({ length: 12 }, (_, i) => projection.recall({ principal: 'ann', id: `i${i}` })),
  ];
}

function copyOf(projection: Projection): MemoryProjection {
  const copy = new MemoryProjection();
  loadDump(copy, projection.dump());
  return copy;
}

describe('what follows from the entries alone', () => {
  beforeEach(() => {
    const refuse = () => {
      throw new Error('asked while applying');
    };
    vi.spyOn(Date, 'now').mockImplementation(refuse);
    vi.spyOn(Math, 'random').mockImplementation(refuse);
    vi.spyOn(crypto, 'randomUUID').mockImplementation(refuse);
  });
  afterEach(() => {
    vi.restoreAllMocks();
  });

  test(`projections that apply one log answer alike and become the same, in memory and in SQLite, also where one goes on from another one's dump: ${RANDOM_LOGS} logs`, () => {
    for (let seed = 0; seed < RANDOM_LOGS; seed += 1) {
      const random = new Random(seed + 1_000_000);
      const one = new MemoryProjection();
      let other: Projection = new MemoryProjection();
      let sqlite = newSqliteProjection();
      const entries = [...randomEntries(seed)];
      while (entries.length > 0) {
        const together = entries.splice(0, random.next() < 0.2 ? 3 : 1);
        const [outcome, ...more] = [one, other, sqlite.projection].map((projection) =>
          record(projection, together),
        );
        for (const again of more)
          if (JSON.stringify(outcome) !== JSON.stringify(again))
            expect([seed, JSON.stringify(again)]).toEqual([seed, JSON.stringify(outcome)]);
        if (random.next() < 0.1) other = copyOf(random.next() < 0.5 ? other : sqlite.projection);
        if (random.next() < 0.05) loadDump(sqlite.projection, other.dump());
        if (random.next() < 0.1) sqlite = sqlite.reopened();
      }
      const dump = [...one.dump()];
      for (const again of [other, sqlite.projection]) {
        const otherDump = [...again.dump()];
        if (dump.join() !== otherDump.join()) expect([seed, otherDump]).toEqual([seed, dump]);
        expect([seed, reads(again)]).toEqual([seed, reads(one)]);
      }
      sqlite.end();
    }
  }, 600_000);
});

describe.each<[string, () => [Projection, end: () => void]]>([
  ['in memory', () => [new MemoryProjection(), () => {}]],
  [
    'in SQLite',
    () => {
      const { projection, end } = newSqliteProjection();
      return [projection, end];
    },
  ],
])('%s', (_, create) => {
  let projection: Projection;
  let end: () => void;
  beforeEach(() => {
    [projection, end] = create();
  });
  afterEach(() => end());

  test('an entry is not applied twice', () => {
    open(projection);
    publish(projection, {});
    const before = [...projection.dump()];
    expect(() => projection.apply(2, { kind: 'prune', content: { now: NOW + KEEP_MS, epoch: 'f' } })).toThrow(
      'the entry at 2 was applied before',
    );
    expect([...projection.dump()]).toEqual(before);
  });

  test('what is no whole dump is refused, and changes nothing', () => {
    open(projection);
    publish(projection, { key: 'k' }, {});
    const whole = [...projection.dump()];
    const [head = '', ...rest] = whole;
    const broken: [string, string[]][] = [
      ['ends after', []],
      ['ends after', whole.slice(0, -1)],
      ['ends after', whole.toSpliced(3, 1)],
      ['goes on after its end', [...whole, head]],
      ['line 1 is not understood', [head.replace('"format":1', '"format":2'), ...rest]],
      ['line 3 is not understood', whole.toSpliced(2, 1, '{"line":"later"}')],
      ['its checksum is another', whole.map((line) => line.replace('"event":"{}"', '"event":"[]"'))],
      ['its checksum is another', [head.replace('"position":2', '"position":3'), ...rest]],
      ['an event before any topic', whole.toSpliced(2, 1)],
    ];
    for (const [why, lines] of broken) {
      const [other, end] = create();
      open(other);
      const before = [...other.dump()];
      expect(() => loadDump(other, lines)).toThrow(why);
      expect([...other.dump()]).toEqual(before);
      end();
    }
  });

  test('a dump is taken in steps, and nothing of it is there before the last one', () => {
    open(projection);
    publish(projection, ...Array.from({ length: 3_000 }, (_, n) => ({ key: `k${n}`, event: `${n}` })));
    const whole = [...projection.dump()];
    const [other, endOther] = create();
    open(other);
    publish(other, { key: 'k' });
    const before = [...other.dump()];
    /** As it was, or not to be asked. */
    const between = () => {
      try {
        return [...other.dump()];
      } catch (error) {
        return String(error);
      }
    };
    const given = other.load(whole);
    for (let step = 0; step < 4; step += 1) {
      expect(given.next().done).toBe(false);
      expect([before, expect.stringContaining('the file takes a dump')]).toContainEqual(between());
      expect([other.position, other.dedupeSince()]).toEqual([2, NOW]);
    }
    given.return(undefined);
    expect([...other.dump()]).toEqual(before);
    publish(other, { key: 'l' });
    let longest = 0;
    let taken = 0;
    const counted = function* () {
      for (const line of whole) {
        taken += 1;
        yield line;
      }
    };
    for (const _ of other.load(counted())) {
      longest = Math.max(longest, taken);
      taken = 0;
    }
    expect(longest).toBeLessThan(1_000);
    expect([...other.dump()]).toEqual(whole);
    expect(reads(other)).toEqual(reads(projection));
    endOther();
  });

  test('a key that is gone stays gone in a dump that still has a critical event of it', () => {
    open(projection);
    publish(projection, { key: 'k', critical: true, owedBy: [ANN] }, { key: 'k', gone: true });
    publish(projection, {}, {}, {}, {});
    expect(projection.owed(ANN, 't')).toMatchObject([{ offset: 1 }]);
    expect(projection.state('t').events).toMatchObject([{ offset: 6 }]);
    expect(copyOf(projection).state('t')).toEqual(projection.state('t'));
  });

  test('what was acknowledged is so in a dump, and what is owed as well', () => {
    open(projection);
    publish(projection, ...[1, 2].map(() => ({ critical: true, owedBy: [ANN] })));
    const content = { client: ANN, topic: 't', epoch: 'e', offsets: [1] };
    next(projection, { kind: 'acknowledge', content });
    const copy = copyOf(projection);
    expect(copy.owed(ANN, 't')).toMatchObject([{ offset: 2 }]);
    expect(copy.unrecorded(ANN, 't', [1, 2], null)).toEqual([]);
  });

  test('a critical event of the last 7 days can be owed when the history has forgotten it, an older one not', () => {
    open(projection);
    publish(projection, { critical: true }, {}, {}, {}, {}, {});
    expect(projection.read('t', { after: 0 }, { first: 1 }).complete).toBe(false);
    const owe = (now: number) =>
      next(projection, { kind: 'owe', content: { now, client: ANN, topic: 't', offsets: [1] } });
    owe(NOW);
    expect(projection.owed(ANN, 't')).toMatchObject([{ offset: 1 }]);
    next(projection, { kind: 'prune', content: { now: NOW + KEEP_MS + 1, epoch: 'f' } });
    owe(NOW + KEEP_MS + 1);
    expect(projection.owed(ANN, 't')).toEqual([]);
  });

  test('the owner of a client id that was used least lately is forgotten first, and each after 365 days', () => {
    open(projection);
    const come = (principal: string, clientId: string, now = NOW) =>
      admit(projection, { client: { principal, clientId } }, now).status;
    come('ann', 'x');
    come('bob', 'y', NOW + 1);
    come('ann', 'x', NOW + 2);
    come('bob', 'z', NOW + 3);
    expect(come('eve', 'x', NOW + 4)).toBe('foreign');
    expect(come('eve', 'y', NOW + 5)).toBe('admitted');
    next(projection, { kind: 'prune', content: { now: NOW + 5 + OWNER_KEEP_MS, epoch: 'f' } });
    expect(come('bob', 'y', NOW)).toBe('foreign');
    next(projection, { kind: 'prune', content: { now: NOW + 6 + OWNER_KEEP_MS, epoch: 'f' } });
    expect(come('bob', 'y', NOW)).toBe('admitted');
  });

  test('a lower term is kept out for 24 hours, whichever servers the two came to', () => {
    open(projection);
    const come = (term: number, run: string, now: number) =>
      admit(projection, { term, run, seen: 100 }, now).status;
    expect(come(5, 'a', NOW)).toBe('admitted');
    expect(come(4, 'a', NOW + 1)).toBe('superseded');
    expect(come(4, 'b', NOW + TERM_KEEP_MS - 1)).toBe('superseded');
    expect(come(4, 'b', NOW + TERM_KEEP_MS)).toBe('admitted');
  });

  test('of two of one term that came to two servers at once, the one that is admitted second has to come again', () => {
    open(projection);
    const seen = projection.position;
    expect(admit(projection, { run: 'a', seen }).status).toBe('admitted');
    expect(admit(projection, { run: 'b', seen }).status).toBe('overtaken');
    expect(admit(projection, { run: 'a', seen }).status).toBe('admitted');
    expect(admit(projection, { run: 'b', seen: projection.position }).status).toBe('admitted');
  });

  test('the command of a client that another server has admitted since changes nothing, also where it was begun', () => {
    open(projection);
    const command = { ...ANN, id: 'i', run: 'a', result: null };
    const commit = (run: string) =>
      next(projection, {
        kind: 'commit',
        content: {
          now: NOW,
          transactions: [{ command: { ...command, run }, events: [{ ...EVENT, topic: 't' }] }],
        },
      })[0]?.status;
    admit(projection, { run: 'a' });
    next(projection, { kind: 'begin', content: { now: NOW, commands: [command] } });
    admit(projection, { run: 'b', seen: projection.position });
    expect(commit('a')).toBe('superseded');
    expect(projection.recall(command)).toEqual({ status: 'begun' });
    expect(projection.state('t').offset).toBe(0);
    expect(commit('b')).toBe('committed');
    expect(commit('a')).toBe('duplicate');
  });

  test('what has a name is published once in 24 hours, and another digest under its key not at all', () => {
    open(projection);
    const publishAs = (digest: string, now: number) =>
      next(projection, {
        kind: 'commit',
        content: {
          now,
          transactions: [
            { command: null, events: [{ ...EVENT, topic: 't' }], publication: { key: 'k', digest } },
          ],
        },
      })[0];
    expect(publishAs('d', NOW)?.status).toBe('committed');
    const places = [{ topic: 't', epoch: 'e', offset: 1 }];
    expect(publishAs('d', NOW + 1)).toEqual({ status: 'repeated', places });
    expect(publishAs('other', NOW + 1)).toEqual({ status: 'key_reused' });
    next(projection, { kind: 'prune', content: { now: NOW + PUBLICATION_KEEP_MS, epoch: 'f' } });
    expect(publishAs('d', NOW + PUBLICATION_KEEP_MS)).toEqual({ status: 'repeated', places });
    expect([projection.publicationNames(), projection.remembersPublication('k')]).toEqual([1, true]);
    expect(projection.state('t').offset).toBe(1);
    // Also where nothing has pruned it.
    const other = copyOf(projection);
    next(projection, { kind: 'prune', content: { now: NOW + PUBLICATION_KEEP_MS + 1, epoch: 'f' } });
    expect([...projection.dump()].join()).not.toContain('"publication"');
    expect([projection.publicationNames(), projection.remembersPublication('k')]).toEqual([0, false]);
    expect(publishAs('other', NOW + PUBLICATION_KEEP_MS + 1)?.status).toBe('committed');
    projection = other;
    expect(publishAs('other', NOW + PUBLICATION_KEEP_MS + 1)?.status).toBe('committed');
  });

  test('any number of named publications lets no command be forgotten', () => {
    open(projection, { commandIds: 1 });
    next(projection, { kind: 'begin', content: { now: NOW, commands: [{ principal: 'ann', id: 'i' }] } });
    for (let n = 0; n < 100; n++) {
      const publication = { key: `k${n}`, digest: 'd' };
      const transactions = [{ command: null, events: [{ ...EVENT, topic: 't' }], publication }];
      next(projection, { kind: 'commit', content: { now: NOW, transactions } });
    }
    expect(projection.recall({ principal: 'ann', id: 'i' })).toEqual({ status: 'begun' });
    expect(projection.dedupeSince()).toBe(NOW);
  });

  test('of ids that were recorded in one millisecond the lesser ones go first, by UTF-16', () => {
    open(projection, { commandIds: 1 });
    const commands = ['\uffee', 'a', '\u{1f600}'].map((id) => ({ principal: 'ann', id }));
    next(projection, { kind: 'begin', content: { now: NOW, commands } });
    const known = commands.filter((command) => projection.recall(command)).map(({ id }) => id);
    expect(known).toEqual(['\uffee']);
    expect(projection.dedupeSince()).toBe(NOW + 1);
  });
});

test('an entry that fails in SQLite leaves everything as it was, its position too', () => {
  const { projection, end } = newSqliteProjection();
  open(projection);
  publish(projection, { key: 'k' });
  const before = [...projection.dump()];
  expect(() => publish(projection, { key: 'k', critical: true, owedBy: [ANN] }, { key: 'a\0b' })).toThrow(
    'U+0000',
  );
  expect([...projection.dump()]).toEqual(before);
  publish(projection, {});
  expect(projection.read('t', { after: 0 }, { first: 5 }).events).toMatchObject([
    { offset: 1 },
    { offset: 2 },
  ]);
  end();
});
