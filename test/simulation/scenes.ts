import type { StoreFailure } from '../../worker/core/store.ts';
import type { Action } from './actions.ts';
import type { ServedBy } from './kinds.ts';
import type { CommandName } from './protocol.ts';
import type { Random } from './random.ts';

/** What goes wrong together. Each part is in schedules by itself; that they meet in this order is too rare there. */
export function scene(random: Random, by: ServedBy): Action[] {
  if (by !== 'replicated') return random.pick(SCENES)(random);
  return random.pick(random.int(2) === 0 ? COMMON : CLUSTER_SCENES)(random);
}

type Scene = (random: Random) => Action[];

const FAILURES: [StoreFailure, ...StoreFailure[]] = ['full', 'failed', 'unavailable', 'unknown'];
const PEOPLES: [CommandName, ...CommandName[]] = ['decide', 'choose', 'note', 'turn', 'brief'];

const wait = (ms: number): Action => ({ do: 'wait', ms });

function send({ int, pick }: Random, commands: [CommandName, ...CommandName[]] = PEOPLES): Action {
  return {
    do: 'send',
    tab: int(8),
    command: pick(commands),
    topic: int(4) === 0 ? 1 : 0,
    count: 1 + int(2),
    requireDurable: false,
    dies: null,
  };
}

/** The disk is full when an outage ends, and its worker dies before there is room again. */
const fullDisk: Scene = (random) => [
  { do: 'server down' },
  send(random, ['brief', 'brief', 'decide', 'note']),
  { do: 'break store', failure: random.pick(FAILURES) },
  { do: 'server up' },
  { do: 'reconnect', tab: 0 },
  wait(random.int(2_000)),
  { do: 'kill worker', of: 'first' },
  wait(random.int(100)),
  { do: 'mend store' },
  wait(6_000),
];

/** The disk is slow, the line as well, and worker and server die at once: the server with all that it knew. */
const commonEnd: Scene = (random) => {
  const latencyMs = 100 + random.int(400);
  return [
    { do: 'latency', ms: latencyMs },
    { do: 'hold store' },
    send(random),
    wait(random.int(2 * latencyMs)),
    {
      do: 'kill worker after',
      tasks: 1 + random.int(4),
      server: random.pick(['forgets', 'forgets', 'restarts']),
    },
    wait(random.int(50)),
    { do: 'mend store' },
    { do: 'latency', ms: 0 },
  ];
};

/** A newer build takes over while the store fails and the server is away. */
const handOver: Scene = (random) => [
  { do: 'server down' },
  { do: 'break store', failure: random.pick(FAILURES) },
  send(random),
  send(random),
  { do: 'open tab', of: random.pick(['newer', 'newer', 'same', 'own']), who: 'ann' },
  wait(random.int(5_000)),
  { do: 'mend store' },
  { do: 'server up' },
];

/** Whoever is left with an uncertain command sends it again, and thinks better of it. */
const secondThoughts: Scene = (random) => [
  { do: 'latency', ms: 300 },
  send(random, ['decide', 'note', 'choose']),
  wait(350 + random.int(300)),
  { do: 'latency', ms: 0 },
  { do: 'restart server', keepsHistory: false },
  { do: 'reconnect', tab: 0 },
  wait(random.int(3_000)),
  ...(random.int(2) === 0 ? [{ do: 'server down' } as const] : []),
  { do: 'person', tab: random.int(8), wants: 'retry', entry: random.int(8), regrets: true },
  wait(random.int(100)),
  { do: 'server up' },
];

/** What one hub says to the server arrives behind what the next one says. */
const lateHello: Scene = (random) => [
  { do: 'latency', ms: 1_500 },
  { do: 'cut' },
  { do: 'reconnect', tab: 0 },
  wait(2_900 + random.int(1_500)),
  { do: 'latency', ms: 0 },
  { do: 'kill worker', of: 'first' },
  wait(3_000),
];

/** While the store fails a page is left before it hears that its command was taken, and another page takes that back. */
const leftUnheard: Scene = (random) => [
  { do: 'server down' },
  { do: 'open tab', of: 'first', who: 'ann' },
  { do: 'break store', failure: random.pick(FAILURES) },
  { do: 'cache after', tab: 0, tasks: 1 + random.int(5) },
  { ...send(random), tab: 0 } as Action,
  { do: 'person', tab: 1, wants: 'cancel', entry: random.int(3), regrets: false },
  wait(random.int(7_000)),
  { do: 'kill worker', of: 'first' },
  { do: 'mend store' },
  { do: 'wake' },
  { do: 'server up' },
  wait(random.int(3_000)),
];

/**
 * The last page closes while something waits. The service worker delivers it as soon as there is a server, is ended in the middle, perhaps,
 * and a page comes while it works.
 */
const noPageOpen: Scene = (random) => [
  { do: 'server down' },
  send(random),
  send(random, ['decide', 'note']),
  wait(random.int(1_000)),
  { do: 'latency', ms: random.pick([0, 0, 30, 300]) },
  ...Array.from({ length: 4 }, (): Action => ({ do: random.pick(['close tab', 'crash tab']), tab: 0 })),
  ...(random.int(3) === 0 ? [{ do: 'server up' } as const] : []),
  {
    do: 'background',
    who: 'ann',
    of: random.pick(['first', 'newer']),
    tasks: 1 + random.int(60),
    fate: random.pick(['lives', 'dies', 'dies', 'stops']),
  },
  wait(random.int(3_000)),
  { do: 'server up' },
  wait(random.pick([0, 10, 500, 95_000])),
  { do: 'background', who: 'ann', of: 'first', tasks: 1, fate: 'lives' },
  wait(random.int(400)),
  { do: 'open tab', of: random.pick(['first', 'newer', 'own']), who: 'ann' },
  wait(random.int(4_000)),
  { do: 'latency', ms: 0 },
];

/** Somebody signs out, perhaps after having signed in again, and leaves behind what waits; no page is open when there is a server. */
const leftBySignOut: Scene = (random) => {
  const signOut: Action = { do: 'sign out', tab: 0, discard: false, before: 0, after: 0 };
  const again: Action[] = [signOut, wait(1_000), { do: 'open tab', of: 'first', who: 'ann' }, wait(500)];
  return [
    { do: 'open tab', of: 'first', who: 'ann' },
    wait(500),
    { do: 'server down' },
    ...(random.int(2) === 0 ? again : []),
    send(random, ['decide', 'note']),
    wait(500),
    signOut,
    wait(12_000),
    { do: 'server up' },
    { do: 'background', who: 'ann', of: random.pick(['first', 'newer']), tasks: 1, fate: 'lives' },
    wait(2_000),
  ];
};

/** Its worker dies while a command runs, and the next one cannot read who it is. */
const namelessHub: Scene = (random) => [
  { do: 'break store', failure: random.pick(FAILURES) },
  { ...send(random), dies: 2 + random.int(10) } as Action,
  wait(random.int(500)),
  { do: 'mend store' },
];

/** The log takes a command, and does not say so; whoever sent it takes it back. */
const silentLog: Scene = (random) => [
  {
    do: 'fail log',
    what: random.pick(['commit after', 'commit after', 'commit before']),
    times: 1 + random.int(2),
  },
  send(random),
  wait(random.int(400)),
  { do: 'person', tab: random.int(8), wants: 'cancel', entry: random.int(8), regrets: false },
  wait(random.int(2_000)),
];

/** A decision is taken back while nobody answers, and its worker dies. */
const takenBack: Scene = (random) => [
  { do: 'latency', ms: 200 },
  send(random),
  wait(random.int(500)),
  random.pick<Action>([{ do: 'server down' }, { do: 'vanish' }, wait(0)]),
  { do: 'person', tab: random.int(8), wants: 'cancel', entry: random.int(8), regrets: false },
  wait(random.int(200)),
  { do: 'kill worker', of: 'first' },
  { do: 'latency', ms: 0 },
  { do: 'server up' },
  wait(random.int(3_000)),
];

/** A command with an end is on a line that is dead, and is sent again long after. */
const lateLine: Scene = (random) => [
  { do: 'vanish' },
  send(random, ['brief']),
  wait(random.int(1_000)),
  { do: 'server down' },
  wait(8_000 + random.int(12_000)),
  { do: 'server up' },
  { do: 'reconnect', tab: 0 },
  wait(1_000),
];

/** Somebody signs out in one of two workers. */
const signOutOfTwo: Scene = (random) => [
  { do: 'open tab', of: random.pick(['same', 'own', 'newer']), who: 'ann' },
  wait(random.int(4_000)),
  { do: 'freeze', tab: random.int(8) },
  {
    do: 'sign out',
    tab: random.int(8),
    discard: random.int(2) === 0,
    before: random.int(3),
    after: random.int(2),
  },
  wait(random.int(2_000)),
  { do: 'wake' },
];

/** More happens than the server keeps, while nobody is there to hear of it. */
const longAway: Scene = (random) => [
  random.pick<Action>([{ do: 'vanish' }, { do: 'cut' }, { do: 'freeze', tab: random.int(8) }]),
  ...Array.from(
    { length: 5 },
    (): Action => ({ do: 'publish', what: random.pick(['lines', 'alarm', 'nodes']), topic: 0, count: 5 }),
  ),
  { do: 'wake' },
  wait(random.int(6_000)),
];

/** A page comes while another one has failed on what must be taken. */
const secondPage: Scene = (random) => [
  { do: 'publish', what: random.pick(['alarm', 'gate']), topic: 0, count: 3 },
  wait(random.int(500)),
  { do: 'open tab', of: 'first', who: 'ann' },
  wait(random.int(500)),
];

/** The server is restored from a backup of a moment ago, and gives offsets that pages know to other events. */
const lowered: Scene = (random) => [
  { do: 'publish', what: random.pick(['alarm', 'gate']), topic: 0, count: 2 + random.int(3) },
  wait(300 + random.int(300)),
  {
    do: 'restore server',
    share: 1 - random.next() * 0.3,
    ms: 0,
    tab: 0,
    sends: 0,
    ignoresCursors: random.int(4) > 0,
  },
  { do: 'reconnect', tab: 0 },
  wait(random.int(500)),
  { do: 'publish', what: random.pick(['alarm', 'gate']), topic: 0, count: 1 + random.int(4) },
  wait(1_000),
];

/** The server has forgotten whose the browser is, and takes it for somebody else's while something waits to be sent. */
const takenForEve: Scene = (random) => [
  { do: 'server down' },
  send(random, ['decide', 'note', 'choose']),
  { do: 'restart server', keepsHistory: false },
  wait(random.int(3_000)),
  { do: 'server up' },
  { do: 'someone else', ms: 5_000 + random.int(15_000) },
];

/** A hub that cannot read whose the outbox is has one thing after the other done; then it can, and goes by its right name. */
const rightName: Scene = (random) => [
  { do: 'break store', failure: random.pick(FAILURES) },
  { do: 'kill worker', of: 'first' },
  wait(500 + random.int(500)),
  { do: 'mend store' },
  ...Array.from({ length: 8 }, () => [
    send(random, ['decide', 'note', 'choose']),
    wait(50 + random.int(300)),
  ]).flat(),
];

/** The worker that owns is stuck to the end, and there is another one. */
const stuckOwner: Scene = (random) => [
  { do: 'open tab', of: random.pick(['same', 'own']), who: 'ann' },
  wait(random.int(3_000)),
  { do: 'wedge worker', of: 'first' },
  wait(random.int(8_000)),
];

/** All pages, in two workers, are slow to take what they are given. */
const slowPages: Scene = (random) => {
  const ms = 2_000 + random.int(2_500);
  return [
    { do: 'open tab', of: random.pick(['same', 'newer', 'own']), who: 'ann' },
    wait(4_000),
    ...[0, 1, 2, 3].map((tab): Action => ({ do: 'slow tab', tab, ms })),
    { do: 'publish', what: random.pick(['lines', 'nodes', 'alarm']), topic: 0, count: 1 + random.int(3) },
    wait(700 + random.int(800)),
    ...[0, 1, 2, 3].map((tab): Action => ({ do: 'slow tab', tab, ms: 0 })),
  ];
};

/** Two people count at a time, at servers of which one may hear late of the other. */
const counting: Scene = (random) => [
  { do: 'open tab', of: 'first', who: 'bob' },
  wait(500),
  ...Array.from({ length: 4 }, (): Action[] => [
    random.pick<Action>([
      wait(0),
      { do: 'cut' },
      { do: 'engine', of: random.int(3), is: random.pick(['lagging', 'well']) },
    ]),
    ...[0, 1, 2, 3].map((tab): Action => ({ ...send(random, ['count']), tab, topic: 0 }) as Action),
    wait(random.int(600)),
  ]).flat(),
];

/** A topic ends, and is used again, while somebody owes critical events of it, or hears late. */
const newBeginning: Scene = (random) => {
  const of = random.int(3);
  const alarms = (): Action => ({
    do: 'publish',
    what: random.pick(['alarm', 'alarm', 'gate', 'lines']),
    topic: 0,
    count: 1 + random.int(5),
  });
  return [
    alarms(),
    random.pick<Action>([
      { do: 'engine', of, is: random.pick(['stalled', 'lagging']) },
      { do: 'fail appends', of, faults: ['late', 'lost, written', 'refused'] },
      { do: 'slow tab', tab: 0, ms: 3_000 },
      { do: 'cut' },
      { do: 'vanish' },
    ]),
    alarms(),
    { do: 'end topic', topic: 0 },
    alarms(),
    random.pick<Action>([{ do: 'cut' }, { do: 'vanish' }, wait(random.int(1_500))]),
    alarms(),
    { do: 'engine', of, is: 'well' },
    wait(random.int(3_000)),
  ];
};

/** A topic ends, and is used again, while what pages took of it is on its way, or nobody is there; then the line is lost. */
const sameOffsets: Scene = (random) => {
  const alarms: Action = { do: 'publish', what: 'alarm', topic: 0, count: 1 + random.int(5) };
  const isAway = random.int(2) === 0;
  return [
    { do: 'end topic', topic: 0 },
    { do: 'latency', ms: isAway ? 0 : 300 },
    alarms,
    wait(300 + random.int(200)),
    ...(isAway ? [{ do: 'server down' } as const] : []),
    { do: 'end topic', topic: 0 },
    alarms,
    wait(random.int(300)),
    { do: 'cut' },
    { do: 'latency', ms: 0 },
    { do: 'server up' },
    wait(random.int(3_000)),
  ];
};

/** Somebody may not read a topic any more, while something of it is on its way, and then perhaps again. */
const withdrawn: Scene = (random) => {
  const rights = (mayRead: boolean): Action => ({ do: 'rights', who: 'ann', topic: 0, mayRead });
  const events = (): Action => ({
    do: 'publish',
    what: random.pick(['nodes', 'lines', 'alarm']),
    topic: 0,
    count: 1 + random.int(5),
  });
  return [
    { do: 'authorize', how: random.pick(['fine', 'slow', 'slow', 'fails']) },
    random.pick<Action>([wait(0), { do: 'cut' }, { do: 'line speed', bytesPerSecond: 1_000 }]),
    wait(random.int(1_200)),
    events(),
    rights(false),
    events(),
    random.pick<Action>([wait(random.int(2_000)), { do: 'cut' }, { do: 'open tab', of: 'own', who: 'ann' }]),
    events(),
    wait(random.int(2_000)),
    ...(random.int(3) === 0 ? [] : [rights(true), { do: 'cut' } as const]),
    events(),
    { do: 'authorize', how: 'fine' },
    { do: 'line speed', bytesPerSecond: null },
    wait(random.int(3_000)),
  ];
};

const COMMON: [Scene, ...Scene[]] = [
  fullDisk,
  commonEnd,
  handOver,
  secondThoughts,
  lateHello,
  namelessHub,
  silentLog,
  takenBack,
  lateLine,
  signOutOfTwo,
  longAway,
  secondPage,
  takenForEve,
  rightName,
  stuckOwner,
  slowPages,
  leftUnheard,
  noPageOpen,
  leftBySignOut,
];
/** A client moves to another server while the one that has its command hears nothing, or cannot write. */
const movedOn: Scene = (random) => {
  const of = random.int(3);
  return [
    { do: 'engine', of, is: random.pick(['stalled', 'lagging']) },
    send(random),
    wait(random.int(600)),
    random.pick<Action>([{ do: 'cut' }, { do: 'vanish' }, { do: 'reconnect', tab: 0 }]),
    wait(random.int(8_000)),
    { do: 'engine', of, is: 'well' },
    wait(random.int(1_000)),
  ];
};

/** What a server wrote last comes after its death, when others have done as much. */
const lateWord: Scene = (random) => {
  const of = random.int(3);
  return [
    { do: 'fail appends', of, faults: ['late', random.pick(['late', 'lost, written', 'lost, not written'])] },
    send(random),
    wait(random.int(400)),
    {
      do: 'crash one',
      of,
      from: random.pick(['its own', 'nothing']),
      downMs: random.int(5_000),
    },
    wait(random.int(6_000)),
    { do: 'late appends' },
    wait(random.int(1_000)),
  ];
};

/** A client comes from one server to the next with commands under way. */
const wanderer: Scene = (random) =>
  Array.from({ length: 6 }, () => [
    send(random, ['decide', 'note', 'choose', 'later']),
    wait(random.int(300)),
    random.pick<Action>([
      { do: 'cut' },
      { do: 'reconnect', tab: 0 },
      { do: 'engine', of: random.int(3), is: random.pick(['lagging', 'well']) },
    ]),
    wait(500 + random.int(2_000)),
  ]).flat();

/** What one server does to topics and people, or several do on one log. */
const LOG_SCENES: readonly Scene[] = [counting, newBeginning, sameOffsets, withdrawn];
const SCENES: [Scene, ...Scene[]] = [...COMMON, lowered, ...LOG_SCENES];
const CLUSTER_SCENES: [Scene, ...Scene[]] = [movedOn, lateWord, wanderer, ...LOG_SCENES];
