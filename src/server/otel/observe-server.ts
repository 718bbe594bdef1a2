/** What a server counts, as metrics. None tells of a person, a topic or a client. */
import { byDirection, inState, type Observed, observe } from '../../telemetry/observe.ts';
import { type MetricsOptions, meterOf } from '../../telemetry/options.ts';
import type { ServerStats } from '../core/stats.ts';
import type { Server } from '../types.ts';

const HEALTH = ['opening', 'ready', 'behind', 'draining', 'diverged'] as const;

type CountName = { [K in keyof ServerStats]: ServerStats[K] extends number ? K : never }[keyof ServerStats];

const SERVER: readonly Observed<ServerStats>[] = [
  {
    name: 'trunkline.server.status',
    kind: 'upDownCounter',
    unit: '1',
    description: '1 for the state that the server is in, 0 for the others',
    read: ({ health }) => inState('trunkline.server.state', HEALTH, health),
  },
  asOfNow(
    'trunkline.server.connection.count',
    '{connection}',
    'Sockets that are welcomed and open',
    'connections',
  ),
  asOfNow('trunkline.server.handshake.count', '{socket}', 'Sockets that are not welcomed yet', 'handshakes'),
  asOfNow(
    'trunkline.server.subscription.count',
    '{subscription}',
    'Subscriptions: one for each topic of each connection',
    'subscriptions',
  ),
  asOfNow('trunkline.server.topic.count', '{topic}', 'Topics with at least one subscription', 'topics'),
  counted(
    'trunkline.server.connection.opened',
    '{connection}',
    'Connections that were welcomed',
    'connectionsOpened',
  ),
  counted(
    'trunkline.server.connection.silent',
    '{connection}',
    'Connections that were cut off as silent',
    'silentConnections',
  ),
  counted('trunkline.server.socket.opened', '{socket}', 'Sockets, welcomed or not', 'socketsOpened'),
  counted(
    'trunkline.server.upgrade.refused',
    '{request}',
    'Requests for a WebSocket that were refused',
    'upgradesRefused',
  ),
  {
    name: 'trunkline.server.goodbyes',
    kind: 'counter',
    unit: '{connection}',
    description: 'Connections that were ended with a goodbye',
    read: ({ goodbyes }) =>
      Object.entries(goodbyes).map(([code, count]) => [count, { 'trunkline.goodbye.code': code }]),
  },
  {
    name: 'trunkline.server.messages',
    kind: 'counter',
    unit: '{message}',
    description: 'WebSocket messages',
    read: ({ messagesIn, messagesOut }) => byDirection(messagesIn, messagesOut),
  },
  {
    name: 'trunkline.server.frames',
    kind: 'counter',
    unit: '{frame}',
    description: 'Frames in these messages',
    read: ({ framesIn, framesOut }) => byDirection(framesIn, framesOut),
  },
  {
    name: 'trunkline.server.io',
    kind: 'counter',
    unit: 'By',
    description: 'Bytes of text in these messages',
    read: ({ bytesIn, bytesOut }) => byDirection(bytesIn, bytesOut),
  },
  counted(
    'trunkline.server.frame.unknown',
    '{frame}',
    'Frames of a type that this version does not know',
    'unknownFrames',
  ),
  counted(
    'trunkline.server.frame.malformed',
    '{frame}',
    'Frames that ended their connection',
    'malformedFrames',
  ),
  counted(
    'trunkline.server.message.oversized',
    '{message}',
    'Messages that were too large, and ended their connection',
    'oversizedMessages',
  ),
  counted(
    'trunkline.server.request.rate_limited',
    '{request}',
    'Requests for topics that were refused as too many',
    'rateLimited',
  ),
  {
    name: 'trunkline.server.command.received',
    kind: 'counter',
    unit: '{command}',
    description: 'Commands, repeats included',
    read: ({ commands }) => commands.received,
  },
  {
    name: 'trunkline.server.command.answered',
    kind: 'counter',
    unit: '{command}',
    description: 'Commands, by how they were answered',
    read: ({ commands: { accepted, duplicates, rejected, deferred } }) =>
      Object.entries({ accepted, duplicate: duplicates, rejected, deferred }).map(([outcome, count]) => [
        count,
        { 'trunkline.answer.outcome': outcome },
      ]),
  },
  {
    name: 'trunkline.server.command.withdrawn',
    kind: 'counter',
    unit: '{command}',
    description: 'Commands that were taken back, and are not run',
    read: ({ commands }) => commands.withdrawn,
  },
  {
    name: 'trunkline.server.command.in_progress',
    kind: 'upDownCounter',
    unit: '{command}',
    description: 'Commands that wait or run',
    read: ({ commands }) => commands.inProgress,
  },
  {
    name: 'trunkline.server.handler.failures',
    kind: 'counter',
    unit: '{call}',
    description: 'Calls of handlers that threw, or took too long',
    read: ({ commands }) => commands.failedAttempts,
  },
  counted('trunkline.server.event.published', '{event}', 'Events that were committed', 'eventsPublished'),
  counted(
    'trunkline.server.event.sent',
    '{event}',
    'Event frames to clients, replays included',
    'eventsSent',
  ),
  counted(
    'trunkline.server.event.too_large',
    '{event}',
    'Events that were left out for a client whose limit they exceed',
    'eventsTooLarge',
  ),
  counted(
    'trunkline.server.event.redelivered',
    '{event}',
    'Critical events that were sent again',
    'redeliveries',
  ),
  counted(
    'trunkline.server.event.acknowledged',
    '{event}',
    'Critical events that were acknowledged',
    'acknowledged',
  ),
  counted('trunkline.server.snapshots', '{snapshot}', 'Snapshots', 'snapshots'),
  counted(
    'trunkline.server.recoveries',
    '{subscription}',
    'Subscriptions that went on at their cursor',
    'recoveries',
  ),
];

function asOfNow(name: string, unit: string, description: string, field: CountName): Observed<ServerStats> {
  return { name, kind: 'upDownCounter', unit, description, read: (stats) => stats[field] };
}

/** One that grows for as long as the server lives. */
function counted(name: string, unit: string, description: string, field: CountName): Observed<ServerStats> {
  return { name, kind: 'counter', unit, description, read: (stats) => stats[field] };
}

/**
 * Tells of a server at each collection. `docs/telemetry.md` has the metrics.
 *
 * @returns what ends it.
 */
export function observeServer(
  server: Pick<Server<never>, 'stats'>,
  options: MetricsOptions = {},
): () => void {
  return observe(meterOf(options), SERVER, () => server.stats());
}
