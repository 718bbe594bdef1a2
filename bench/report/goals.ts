/** What must be reached: one line for each goal, of which verdicts and the summary are made. */

/** A figure of a contender. Ours, where nobody is named. */
interface FigureRef {
  readonly case: string;
  readonly figure: string;
  readonly contender?: string;
}
/** `all`: the best of all others, turn by turn. */
export type Against = Partial<FigureRef> & { readonly contender: string | 'all' };

export interface Goal extends FigureRef {
  readonly goal: string;
  /** Turn by turn. Where there is none, the figure itself is judged. */
  readonly against?: Against;
  readonly atMost?: number;
  readonly atLeast?: number;
  /** Of the figure itself. @default '' */
  readonly unit?: string;
}

const SOCKETS = 'websocket';
const PORT = 'bare-port';
const ELECTION = 'tab-election';
const STORE = 'bare-indexeddb';
const WORKER_STORE = 'bare-worker-indexeddb';
const WHOLE = 'trunkline-whole';
const KEPT = 'trunkline-kept';

const TEN = '500 events a second to 10 visible tabs';
const ONE_SEEN = '500 events a second to 10 tabs of which 1 is visible';
const FLOOD = '2,000 events a second to 10 visible tabs';

export const GOALS: readonly Goal[] = [
  ...(
    [
      ['median', 'median', 1],
      ['p99', 'p99 of the worst tab', 1.2],
      ['browserCpu', "the browser's CPU", 0.75],
    ] as const
  ).map(
    ([figure, title, atMost]): Goal => ({
      goal: `${TEN}: ${title}, against a WebSocket per tab`,
      case: 'latency-10',
      figure,
      against: { contender: SOCKETS },
      atMost,
    }),
  ),
  ...(
    [
      ['median', 'its median', 1],
      ['p99', 'its p99', 1],
      ['browserCpu', "the browser's CPU", 0.35],
    ] as const
  ).flatMap(([figure, title, atMost]): Goal[] => [
    {
      goal: `${ONE_SEEN}: ${title}, against a WebSocket per tab, 9 of them hidden as well`,
      case: 'hidden-10',
      figure,
      against: { contender: SOCKETS },
      atMost,
    },
    {
      goal: `${ONE_SEEN}: ${title}, against a WebSocket per tab, all of them visible`,
      case: 'hidden-10',
      figure,
      against: { contender: SOCKETS, case: 'latency-10' },
      atMost,
    },
  ]),
  { goal: `${FLOOD}: median`, case: 'flood-10', figure: 'median', atMost: 17, unit: ' ms' },
  { goal: `${FLOOD}: events that did not come`, case: 'flood-10', figure: 'dropped', atMost: 0 },
  { goal: `${FLOOD}: tasks over 50 ms`, case: 'flood-10', figure: 'longTasks', atMost: 0 },
  {
    goal: '50 events a second to one tab: median, against a bare port',
    case: 'latency-1',
    figure: 'median',
    against: { contender: PORT },
    atMost: 1.2,
  },
  {
    goal: 'one more tab on 1,000 keys, against tab-election',
    case: 'new-tab-1000',
    figure: 'time',
    against: { contender: ELECTION },
    atMost: 0.8,
  },
  {
    goal: 'one more tab on 100,000 keys, against tab-election',
    case: 'new-tab-100000',
    figure: 'time',
    against: { contender: ELECTION },
    atMost: 0.9,
  },
  {
    goal: 'one more tab on 100,000 keys, against a WebSocket per tab',
    case: 'new-tab-100000',
    figure: 'time',
    against: { contender: SOCKETS },
    atMost: 0.8,
  },
  {
    goal: "the browser's memory with 100,000 keys in one tab, against tab-election",
    case: 'new-tab-100000',
    figure: 'browser',
    against: { contender: ELECTION },
    atMost: 1,
  },
  {
    goal: 'the first tab on 1,000 keys, against tab-election',
    case: 'new-tab-1000',
    figure: 'first',
    against: { contender: ELECTION },
    atMost: 1,
  },
  {
    goal: '200 queued commands, flushed, against socket.io',
    case: 'outbox',
    figure: 'flush',
    against: { contender: 'socket-io' },
    atMost: 0.5,
  },
  ...(
    [
      ['alone', 'relaxed'],
      ['aloneStrict', 'strict'],
    ] as const
  ).map(
    ([figure, durability]): Goal => ({
      goal: `one command stored (${durability}), against the same put from a bare SharedWorker`,
      case: 'outbox',
      figure,
      against: { contender: WORKER_STORE },
      atMost: 1.4,
    }),
  ),
  {
    goal: "the server's CPU, 10 tabs, 100 events a second, against a WebSocket per tab",
    case: 'cost-10',
    figure: 'cpuPerEvent',
    against: { contender: SOCKETS },
    atMost: 0.8,
  },
  ...(
    [
      [1, 'one client', 0.8],
      [50, '50 clients', 5],
    ] as const
  ).map(
    ([clients, whose, atLeast]): Goal => ({
      goal: `commands of ${whose} in one topic of \`sqliteLog\`, against a bare transaction each`,
      case: `commands-${clients}`,
      figure: 'perSecond',
      against: { contender: 'bare-sqlite' },
      atLeast,
    }),
  ),
  ...[1_000, 5_000].flatMap((connections) =>
    (
      [
        [SOCKETS, 'a bare `ws` loop'],
        ['socket-io', 'socket.io'],
      ] as const
    ).flatMap(([contender, whose]): Goal[] => {
      const about = `${connections.toLocaleString('en')} connections on one topic`;
      const common = { case: `fan-out-${connections}`, against: { contender } };
      return [
        { ...common, goal: `${about}: CPU per delivery, against ${whose}`, figure: 'cpu', atMost: 0.25 },
        { ...common, goal: `${about}: p99, against ${whose}`, figure: 'p99', atMost: 0.5 },
      ];
    }),
  ),
  ...(
    [
      ['perSecond', 'events per second of the log', { atLeast: 0.5 }],
      ['delay', 'from `publish` to a subscriber of the other', { atMost: 2 }],
    ] as const
  ).map(
    ([figure, title, limit]): Goal => ({
      goal: `two servers on one log in PostgreSQL: ${title}, against an append to the same database and its follower`,
      case: 'shared-log',
      figure,
      against: { contender: 'bare-append' },
      ...limit,
    }),
  ),
  ...(['memory', 'sqlite'] as const).map(
    (log): Goal => ({
      goal: `the longest wait for a pong behind another client's 1,000 commands (${log === 'sqlite' ? '`sqliteLog`' : '`memoryLog`'})`,
      case: `pong-${log}`,
      figure: 'longest',
      atMost: 50,
      unit: ' ms',
    }),
  ),
  {
    goal: 'the highest speed at which every page still paints, against the next one',
    case: 'trace',
    figure: 'speed',
    against: { contender: 'all' },
    atLeast: 3,
  },
  { goal: '10 tabs: connections at the server', case: 'cost-10', figure: 'connections', atMost: 1 },
  {
    goal: '10 tabs: bytes out of the server, against those of one tab',
    case: 'cost-10',
    figure: 'bytesOut',
    against: { contender: 'trunkline', case: 'cost-1' },
    atMost: 1.005,
  },
  {
    goal: 'a burst to 10 tabs, against a WebSocket per tab',
    case: 'burst',
    figure: 'perSecond',
    contender: WHOLE,
    against: { contender: SOCKETS },
    atLeast: 10,
  },
  {
    goal: 'a burst to 10 tabs, against bare `postMessage` batches',
    case: 'burst',
    figure: 'perSecond',
    contender: WHOLE,
    against: { contender: PORT },
    atLeast: 0.8,
  },
  {
    goal: '10,000 events a second to 10 tabs: tasks over 50 ms',
    case: 'conflation',
    figure: 'longTasks',
    atMost: 0,
  },
  {
    goal: '200 commands stored in one turn, against one IndexedDB transaction',
    case: 'outbox',
    figure: 'together',
    against: { contender: STORE },
    atMost: 3,
  },
  {
    goal: 'one more tab on 1,000 keys, from subscribing to the state',
    case: 'new-tab-1000',
    figure: 'time',
    atMost: 50,
    unit: ' ms',
  },
  {
    goal: 'one more tab on 1,000 keys: bytes from the server',
    case: 'new-tab-1000',
    figure: 'bytes',
    atMost: 0,
  },
  {
    goal: 'first event after the server is back, of the backoff step',
    case: 'outage',
    figure: 'ofStep',
    contender: WHOLE,
    atMost: 100,
    unit: '%',
  },
  {
    goal: '10,000 missed events, after the connection is back',
    case: 'outage',
    figure: 'replay',
    contender: WHOLE,
    atMost: 1_000,
    unit: ' ms',
  },
  {
    goal: "500 events a second over 1,000 keys that are kept on the device: the worker's time, against the same not kept",
    case: 'keeping',
    figure: 'worker',
    contender: KEPT,
    against: { contender: 'trunkline-unkept' },
    atMost: 1.05,
  },
  {
    goal: 'first state of 1,000 keys of the device, offline, against the same page online',
    case: 'first-state-1000',
    figure: 'offline',
    contender: KEPT,
    against: { contender: KEPT, figure: 'online' },
    atMost: 0.6,
  },
  {
    goal: 'first state of 100,000 keys of the device, offline',
    case: 'first-state-100000',
    figure: 'offline',
    contender: KEPT,
    atMost: 1_000,
    unit: ' ms',
  },
];
