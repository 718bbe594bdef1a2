import type { StoreFailure } from '../../worker/core/store.ts';
import type { AppendFault } from '../support/memory-engine.ts';
import type { Action, SharedBuild } from './actions.ts';
import type { ServedBy } from './kinds.ts';
import type { CommandName } from './protocol.ts';
import type { Random } from './random.ts';
import { scene } from './scenes.ts';
import type { Mood } from './server/doorkeeper.ts';

const SHARED: [SharedBuild, ...SharedBuild[]] = ['first', 'first', 'first', 'same', 'newer'];
const FAILURES: [StoreFailure, ...StoreFailure[]] = [
  'full',
  'failed',
  'blocked',
  'unavailable',
  'unknown',
  'unknown',
];
const DAY_MS = 24 * 60 * 60 * 1_000;
const MOODS: [Mood, ...Mood[]] = ['fine', 'fine', 'slow', 'fails'];
const COMMANDS: [CommandName, ...CommandName[]] = [
  'decide',
  'decide',
  'choose',
  'choose',
  'note',
  'note',
  'turn',
  'turn',
  'bad',
  'later',
  'brief',
  'brief',
  'count',
  'count',
];

type Make = (random: Random) => Action;
/** What may happen, and how often among the others. */
const WEIGHTED: readonly (readonly [weight: number, make: Make])[] = [
  [14, ({ int }) => ({ do: 'wait', ms: int(4) === 0 ? int(45_000) : int(800) })],
  [9, ({ int }) => ({ do: 'publish', what: 'nodes', topic: bit(int(4)), count: 1 + int(5) })],
  [5, ({ int }) => ({ do: 'publish', what: 'lines', topic: bit(int(4)), count: 1 + int(5) })],
  [4, ({ int }) => ({ do: 'publish', what: 'gate', topic: 0, count: 1 + int(2) })],
  [4, ({ int }) => ({ do: 'publish', what: 'alarm', topic: 0, count: 1 + int(2) })],
  [15, (random) => sending(random)],
  [
    5,
    ({ int, pick }) => ({
      do: 'person',
      tab: int(8),
      wants: pick(['cancel', 'retry', 'dismiss']),
      entry: int(8),
      regrets: int(4) === 0,
    }),
  ],
  [1, ({ int }) => ({ do: 'reconnect', tab: int(8) })],
  [
    4,
    ({ int, pick }) => ({ do: 'open tab', of: pick([...SHARED, 'own']), who: int(4) === 0 ? 'bob' : 'ann' }),
  ],
  [1, ({ int }) => ({ do: 'close client', tab: int(8), sends: int(2) })],
  [
    1,
    ({ int }) => ({
      do: 'sign out',
      tab: int(8),
      discard: int(2) === 0,
      before: int(3),
      after: int(2),
    }),
  ],
  [2, ({ int }) => ({ do: 'publish', what: 'broken', topic: bit(int(4)), count: 1 + int(2) })],
  [2, ({ int }) => ({ do: 'close tab', tab: int(8) })],
  [1, ({ int }) => ({ do: 'crash tab', tab: int(8) })],
  [3, ({ int }) => ({ do: 'reload tab', tab: int(8) })],
  [2, ({ int }) => ({ do: 'freeze', tab: int(8) })],
  [2, ({ int }) => ({ do: 'cache', tab: int(8) })],
  [4, () => ({ do: 'wake' })],
  [4, ({ int }) => ({ do: 'look', tab: int(8), visible: int(2) === 0 })],
  [2, ({ int, pick }) => ({ do: 'slow tab', tab: int(8), ms: pick([0, 0, 50, 1 + int(2_000), 6_000]) })],
  [2, ({ pick }) => ({ do: 'kill worker', of: pick(SHARED) })],
  [2, ({ pick }) => ({ do: 'wedge worker', of: pick(SHARED) })],
  [
    4,
    ({ int, pick }) => ({
      do: 'kill worker after',
      tasks: 1 + int(60),
      server: pick(['lives', 'lives', 'lives', 'lives', 'lives', 'restarts']),
    }),
  ],
  [
    4,
    ({ int, pick }) => ({
      do: 'background',
      who: int(4) === 0 ? 'bob' : 'ann',
      of: pick(['first', 'first', 'newer']),
      tasks: 1 + int(40),
      fate: pick(['lives', 'lives', 'dies', 'stops']),
    }),
  ],
  [1, ({ int }) => ({ do: 'kill browser', powerLost: int(2) === 0 })],
  [5, () => ({ do: 'cut' })],
  [3, () => ({ do: 'vanish' })],
  [2, ({ int, pick }) => ({ do: 'latency', ms: pick([0, 0, 20, 300, 1 + int(3_000), 5_200]) })],
  [2, ({ pick }) => ({ do: 'line speed', bytesPerSecond: pick([null, null, 20_000, 5_000, 1_000]) })],
  [2, () => ({ do: 'lose an event' })],
  [2, () => ({ do: 'delay a part' })],
  [1, ({ int }) => ({ do: 'cut snapshots', parts: 1 + int(4) })],
  [3, () => ({ do: 'server down' })],
  [5, () => ({ do: 'server up' })],
  [2, () => ({ do: 'restart server', keepsHistory: true })],
  [1, () => ({ do: 'restart server', keepsHistory: false })],
  [2, ({ int }) => ({ do: 'kill server after', tasks: 1 + int(40) })],
  [2, ({ int }) => ({ do: 'drain server', ms: int(3_000), overlaps: int(2) === 0 })],
  [2, ({ int }) => ({ do: 'refuse', commands: int(2) === 0 })],
  [1, ({ int }) => ({ do: 'forbid', commands: int(2) === 0 })],
  [1, ({ pick }) => ({ do: 'authenticate', how: pick(MOODS) })],
  [1, ({ pick }) => ({ do: 'authorize', how: pick(MOODS) })],
  [
    2,
    ({ int, pick }) => ({
      do: 'fail log',
      what: pick(['commit before', 'commit after', 'open before', 'admit before']),
      times: 1 + int(3),
    }),
  ],
  [
    1,
    ({ int, pick }) => ({ do: 'set server clock', ms: pick([8 * DAY_MS, -DAY_MS, int(120_000) - 60_000]) }),
  ],
  [1, ({ int }) => ({ do: 'end topic', topic: bit(int(4)) })],
  [
    2,
    ({ int }) => ({
      do: 'rights',
      who: int(4) === 0 ? 'bob' : 'ann',
      topic: bit(int(4)),
      mayRead: int(2) === 0,
    }),
  ],
  [1, () => ({ do: 'expire token' })],
  [1, ({ pick }) => ({ do: 'tokens', how: pick(['fine', 'fine', 'hangs', 'throws', 'none']) })],
  [1, ({ int }) => ({ do: 'someone else', ms: int(20_000) })],
  [3, ({ int, pick }) => ({ do: 'fail store', failure: pick(FAILURES), times: 1 + int(3) })],
  [1, ({ pick }) => ({ do: 'break store', failure: pick(FAILURES) })],
  [3, () => ({ do: 'mend store' })],
  [2, () => ({ do: 'hold store' })],
  [1, ({ int }) => ({ do: 'jump clock', ms: (int(2) - 0.5) * 2 * int(86_400_000) })],
];
/** Of one server alone. */
const ALONE: typeof WEIGHTED = [
  [
    2,
    ({ int, next }) => ({
      do: 'restore server',
      share: 1 - next() ** 2,
      ms: -pickBack(int),
      tab: int(8),
      sends: int(3),
      ignoresCursors: false,
    }),
  ],
];
/** Of several servers on one log. */
const CLUSTER: typeof WEIGHTED = [
  [20, (random) => sending(random)],
  // Whoever connects again comes to another one, mostly.
  [12, ({ int }) => ({ do: int(4) === 0 ? 'vanish' : 'cut' })],
  [
    5,
    ({ int, pick }) => ({
      do: 'crash one',
      of: int(3),
      from: pick(['its own', 'nothing']),
      downMs: int(3) === 0 ? 0 : int(20_000),
    }),
  ],
  [5, ({ int, pick }) => ({ do: 'engine', of: int(3), is: pick(['stalled', 'lagging', 'lagging', 'well']) })],
  [5, ({ int }) => ({ do: 'engine', of: int(3), is: 'well' })],
  [
    5,
    ({ int, pick }) => ({
      do: 'fail appends',
      of: int(3),
      faults: Array.from({ length: 1 + int(4) }, () => pick(APPEND_FAULTS)),
    }),
  ],
  [3, () => ({ do: 'late appends' })],
  [2, () => ({ do: 'damage dump' })],
  [2, ({ int }) => ({ do: 'lead astray', of: int(3) })],
];
const APPEND_FAULTS: [AppendFault, ...AppendFault[]] = [
  'refused',
  'lost, written',
  'lost, not written',
  'late',
  'repeated',
];
/** Kinds of action from here on are left out of some schedules. */
const ALWAYS = 6;

/** Of so many schedules one has a scene in it. */
const SCENE_IN = 2;

/**
 * A schedule of so many actions, and a scene at times. Each leaves out some kinds: one fault often hides another (swarm testing, Groce and
 * others 2012).
 */
export function schedule(random: Random, length: number, by: ServedBy): Action[] {
  const all = [...WEIGHTED, ...(by === 'replicated' ? CLUSTER : ALONE)];
  const kinds = all.filter((_, index) => index < ALWAYS || random.next() < 0.6);
  const total = kinds.reduce((sum, [weight]) => sum + weight, 0);
  const actions = Array.from({ length }, () => draw(random, kinds, random.int(total)));
  if (random.int(SCENE_IN) !== 0) return actions;
  const at = random.int(length);
  // What comes before and after hides what a scene has done; there is enough of both in other schedules.
  const before = actions.slice(0, at).slice(-random.int(length));
  const after = actions.slice(at, at + random.int(random.int(length)));
  return [...before, ...scene(random, by), ...after];
}

function draw(random: Random, kinds: typeof WEIGHTED, drawn: number): Action {
  let left = drawn;
  for (const [weight, make] of kinds) {
    left -= weight;
    if (left < 0) return make(random);
  }
  throw new Error('the weights do not add up');
}

/** By how much a clock is set back: by nothing, often. */
const pickBack = (int: Random['int']): number => (int(2) === 0 ? 0 : int(120_000));
const sending: Make = ({ int, pick }) => ({
  do: 'send',
  tab: int(8),
  command: pick(COMMANDS),
  topic: bit(int(4)),
  count: 1 + int(3),
  requireDurable: int(4) === 0,
  dies: int(8) === 0 ? 1 + int(12) : null,
});
const bit = (drawn: number): 0 | 1 => (drawn === 0 ? 1 : 0);
