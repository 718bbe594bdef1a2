import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { type Admission, type Admitted, KEEP_MS, type NewEvent } from '../../../src/server/log/event-log.ts';
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
import { CLIENTS, randomEntries, TOPICS } from '../../support/random-entries.ts';

/** `RANDOM_LOGS=10000` for all of them. */
const RANDOM_LOGS = Number(process.env['RANDOM_LOGS'] ?? 300);
const NOW = 1_700_000_000_000;
const LIMITS: MemoryLimits = { tailLimit: 1, historyEvents: 2, commandIds: 10, clientIds: 2 };
const [ANN] = CLIENTS;
const EVENT = { key: null, gone: false, critical: false, event: '{}', owedBy: [] };

function next<K extends EntryKind>(projection: Projection, entry: Entry<K>): Outcomes[K] {
  return projection.apply(projection.position + 1, entry);
}

function opened(limits: Partial<MemoryLimits> = {}): MemoryProjection {
  const projection = new MemoryProjection();
  next(projection, {
    kind: 'open',
    content: { now: NOW, limits: { ...LIMITS, ...limits }, run: 'r', epoch: 'e' },
  });
  return projection;
}

function admit(projection: Projection, admission: Partial<Admission>, now = NOW): Admitted {
  const whole = { client: ANN, term: 1, run: 'r', seen: 0, ...admission };
  const [admitted] = next(projection, { kind: 'admit', content: { now, admissions: [whole] } });
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
    projection.dedupeSince(),
    TOPICS.map((topic) => [
      projection.state(topic),
      projection.read(topic, { after: 3 }, { first: 5 }),
      projection.read(topic, { since: NOW + 1_000 }, { last: 3 }),
      CLIENTS.map((client) => projection.owed(client, topic)),
    ]),
    Array.from({ length: 12 }, (_, i) => projection.recall({ principal: 'ann', id: `i${i}` })),
  ];
}

function copyOf(projection: Projection): MemoryProjection {
  const copy = new MemoryProjection();
  copy.load(projection.dump());
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

  test(`two that apply one log answer alike and become the same, also where one goes on from a dump: ${RANDOM_LOGS} logs`, () => {
    for (let seed = 0; seed < RANDOM_LOGS; seed += 1) {
      const random = new Random(seed + 1_000_000);
      const one = new MemoryProjection();
      let other = new MemoryProjection();
      for (const entry of randomEntries(seed)) {
        const [outcome, again] = [next(one, entry), next(other, entry)];
        if (JSON.stringify(outcome) !== JSON.stringify(again)) expect([seed, again]).toEqual([seed, outcome]);
        if (random.next() < 0.1) other = copyOf(other);
      }
      const [dump, otherDump] = [[...one.dump()], [...other.dump()]];
      if (dump.join() !== otherDump.join()) expect([seed, otherDump]).toEqual([seed, dump]);
      expect([seed, reads(other)]).toEqual([seed, reads(one)]);
    }
  }, 600_000);
});

test('an entry is not applied twice', () => {
  const projection = opened();
  publish(projection, {});
  const before = [...projection.dump()];
  expect(() => projection.apply(2, { kind: 'prune', content: { now: NOW + KEEP_MS } })).toThrow(
    'the entry at 2 was applied before',
  );
  expect([...projection.dump()]).toEqual(before);
});

test('what is no whole dump is refused, and changes nothing', () => {
  const projection = opened();
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
    ['an event before any topic', whole.toSpliced(2, 1)],
  ];
  for (const [why, lines] of broken) {
    const other = opened();
    const before = [...other.dump()];
    expect(() => other.load(lines)).toThrow(why);
    expect([...other.dump()]).toEqual(before);
  }
});

test('a key that is gone stays gone in a dump that still has a critical event of it', () => {
  const projection = opened();
  publish(projection, { key: 'k', critical: true, owedBy: [ANN] }, { key: 'k', gone: true });
  publish(projection, {}, {}, {}, {});
  expect(projection.owed(ANN, 't')).toMatchObject([{ offset: 1 }]);
  expect(projection.state('t').events).toMatchObject([{ offset: 6 }]);
  expect(copyOf(projection).state('t')).toEqual(projection.state('t'));
});

test('a critical event of the last 7 days can be owed when the history has forgotten it, an older one not', () => {
  const projection = opened();
  publish(projection, { critical: true }, {}, {}, {}, {}, {});
  expect(projection.read('t', { after: 0 }, { first: 1 }).complete).toBe(false);
  const owe = (now: number) =>
    next(projection, { kind: 'owe', content: { now, client: ANN, topic: 't', offsets: [1] } });
  owe(NOW);
  expect(projection.owed(ANN, 't')).toMatchObject([{ offset: 1 }]);
  next(projection, { kind: 'prune', content: { now: NOW + KEEP_MS + 1 } });
  owe(NOW + KEEP_MS + 1);
  expect(projection.owed(ANN, 't')).toEqual([]);
});

test('the owner of a client id that was used least lately is forgotten first, and each after 365 days', () => {
  const projection = opened();
  const come = (principal: string, clientId: string, now = NOW) =>
    admit(projection, { client: { principal, clientId } }, now).status;
  come('ann', 'x');
  come('bob', 'y', NOW + 1);
  come('ann', 'x', NOW + 2);
  come('bob', 'z', NOW + 3);
  expect(come('eve', 'x', NOW + 4)).toBe('foreign');
  expect(come('eve', 'y', NOW + 5)).toBe('admitted');
  next(projection, { kind: 'prune', content: { now: NOW + 5 + OWNER_KEEP_MS } });
  expect(come('bob', 'y', NOW)).toBe('foreign');
  next(projection, { kind: 'prune', content: { now: NOW + 6 + OWNER_KEEP_MS } });
  expect(come('bob', 'y', NOW)).toBe('admitted');
});

test('a lower term is kept out for 24 hours, whichever servers the two came to', () => {
  const projection = opened();
  const come = (term: number, run: string, now: number) =>
    admit(projection, { term, run, seen: 100 }, now).status;
  expect(come(5, 'a', NOW)).toBe('admitted');
  expect(come(4, 'a', NOW + 1)).toBe('superseded');
  expect(come(4, 'b', NOW + TERM_KEEP_MS - 1)).toBe('superseded');
  expect(come(4, 'b', NOW + TERM_KEEP_MS)).toBe('admitted');
});

test('of two of one term that came to two servers at once, the one that is admitted second has to come again', () => {
  const projection = opened();
  const seen = projection.position;
  expect(admit(projection, { run: 'a', seen }).status).toBe('admitted');
  expect(admit(projection, { run: 'b', seen }).status).toBe('overtaken');
  expect(admit(projection, { run: 'a', seen }).status).toBe('admitted');
  expect(admit(projection, { run: 'b', seen: projection.position }).status).toBe('admitted');
});

test('the command of a client that another server has admitted since changes nothing, also where it was begun', () => {
  const projection = opened();
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

test('of ids that were recorded in one millisecond the lesser ones go first', () => {
  const projection = opened({ commandIds: 2 });
  const commands = ['c', 'a', 'b'].map((id) => ({ principal: 'ann', id }));
  next(projection, { kind: 'begin', content: { now: NOW, commands } });
  const known = commands.filter((command) => projection.recall(command)).map(({ id }) => id);
  expect(known).toEqual(['c', 'b']);
  expect(projection.dedupeSince()).toBe(NOW + 1);
});
