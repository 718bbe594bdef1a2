import type {
  Admission,
  ClientKey,
  Expectation,
  NewEvent,
  Transaction,
} from '../../src/server/log/event-log.ts';
import type { Entries, Entry, MemoryLimits } from '../../src/server/log/projection.ts';
import { Random } from '../simulation/random.ts';

export const TOPICS = ['a', 'b', 'ä'] as const;
export const CLIENTS: readonly [ClientKey, ...ClientKey[]] = [
  { principal: 'ann', clientId: 'of ann' },
  { principal: 'ann', clientId: 'of ann, too' },
  { principal: 'bob', clientId: 'of bob' },
];
const KEYS = [null, null, 'k', 'l', '\u{1f600}', '\uffee'] as const;
const DAY_MS = 24 * 60 * 60 * 1_000;
type Ages = Pick<MemoryLimits, 'topicAges'>;
const AGES: readonly [Ages, ...Ages[]] = [
  {},
  { topicAges: [{ prefix: '', ms: DAY_MS }] },
  {
    topicAges: [
      { prefix: 'a', ms: 10 * DAY_MS },
      { prefix: 'ä', ms: 1_000 },
    ],
  },
];
const STEPS_MS = [0, 0, 0, 1, 1_000, DAY_MS, 4 * DAY_MS, -DAY_MS] as const;

/** A log of this seed's, with limits so small that much of it is forgotten; its times stand still, jump, and run back. */
export function randomEntries(seed: number): readonly Entry[] {
  const random = new Random(seed);
  let now = 1_700_000_000_000;
  let runs = 0;
  let epochs = 0;
  const id = () => `i${random.int(12)}`;
  const command = () => ({ principal: random.pick(CLIENTS).principal, id: id() });
  const run = () => `r${random.int(runs + 1)}`;
  const accepted = () => {
    const { clientId } = random.pick(CLIENTS);
    return { ...command(), clientId, run: run(), result: random.pick([null, '1', '"\\u0000"']) };
  };
  const admission = (): Admission => ({
    client: { ...random.pick(CLIENTS), principal: random.pick(['ann', 'bob']) },
    term: 1 + random.int(3),
    run: run(),
    seen: random.int(60),
  });
  const some = <T>(most: number, one: () => T): T[] => Array.from({ length: random.int(most + 1) }, one);
  const event = (): NewEvent => {
    const key = random.pick(KEYS);
    return {
      topic: random.pick(TOPICS),
      key,
      gone: key !== null && random.next() < 0.3,
      critical: random.next() < 0.3,
      event: JSON.stringify({ type: 'x', n: random.int(1_000) }),
      owedBy: some(2, () => random.pick(CLIENTS)),
    };
  };
  const expectation = (): Expectation => ({
    topic: random.pick(TOPICS),
    key: random.pick(KEYS) ?? 'k',
    offset: random.int(8),
    ...(random.next() < 0.3 && { epoch: `e${random.int(epochs + 1)}` }),
  });
  const transaction = (): Transaction => ({
    events: some(3, event),
    command: random.next() < 0.5 ? accepted() : null,
    ...(random.next() < 0.2 && { expects: some(2, expectation) }),
    ...(random.next() < 0.3 && {
      publication: { key: random.pick(KEYS) ?? 'p', digest: `d${random.int(2)}` },
    }),
  });
  const limits = () => ({
    tailLimit: random.int(4),
    historyEvents: random.int(6),
    commandIds: 1 + random.int(8),
    clientIds: 1 + random.int(3),
    ...random.pick(AGES),
  });
  const make: { readonly [K in keyof Entries]: () => Entries[K] } = {
    open: () => ({ now, limits: limits(), run: `r${runs++}`, epoch: `e${epochs++}` }),
    tell: () => ({ now, run: run(), counted: now + random.int(3) - 1 }),
    commit: () => ({ now, transactions: some(3, transaction) }),
    renew: () => ({ now, epoch: `e${epochs++}` }),
    begin: () => ({ now, commands: some(3, command) }),
    cancel: () => ({ now, command: command() }),
    admit: () => ({ now, admissions: some(3, admission), counted: now + random.int(3) - 1 }),
    owe: () => ({
      now,
      client: random.pick(CLIENTS),
      topic: random.pick(TOPICS),
      ...(random.next() < 0.7 && { epoch: `e${random.int(epochs + 1)}` }),
      offsets: some(4, offset),
      ...(random.next() < 0.7 && { upTo: random.int(30) }),
    }),
    acknowledge: () => ({
      client: random.pick(CLIENTS),
      topic: random.pick(TOPICS),
      epoch: `e${random.int(epochs + 1)}`,
      offsets: some(4, offset),
    }),
    disconnect: () => ({ principal: 'ann', run: run() }),
    recheck: () => ({ principal: 'ann', run: run() }),
    endTopic: () => ({ now, topic: random.pick(TOPICS), epoch: `e${epochs++}` }),
    prune: () => ({ now, epoch: `e${epochs++}` }),
  };
  const offset = () => 1 + random.int(20);
  const entry = (kind: keyof Entries): Entry => ({ kind, content: make[kind]() }) as Entry;
  const kinds = [
    'commit',
    'commit',
    'commit',
    'commit',
    'tell',
    'begin',
    'cancel',
    'admit',
    'owe',
    'acknowledge',
    'acknowledge',
    'prune',
    'disconnect',
    'recheck',
    'endTopic',
    'open',
    'renew',
  ] as const;
  const entries = [entry('open')];
  for (let n = 10 + random.int(50); n > 0; n -= 1) {
    now += random.next() < 0.02 ? 370 * DAY_MS : random.pick(STEPS_MS);
    const kind = random.pick(kinds);
    // Rare, since nothing that was sent to an epoch before counts after it.
    if (kind !== 'renew' || random.next() < 0.2) entries.push(entry(kind));
  }
  return entries;
}
