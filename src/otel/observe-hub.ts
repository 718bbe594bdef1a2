/** What the hub tells of itself, as metrics. It is asked by `inspect()`, as any page can: nothing of this is in the hub. */
import type { Client } from '../client/types.ts';
import type { ClosedReason } from '../protocol/closed-reason.ts';
import type { HubReport } from '../protocol/model.ts';
import { byDirection, byState, inState, type Observed, observe } from '../telemetry/observe.ts';
import { type MetricsOptions, meterOf } from '../telemetry/options.ts';
import { tellingTab } from './telling-tab.ts';

const CONNECTIONS = ['connecting', 'open', 'closing', 'closed'] as const;
const STORAGES = ['ok', 'degraded'] as const;
const CREDITS = ['ready', 'out', 'stalled'] as const;
const TOPICS = ['idle', 'syncing', 'unavailable', 'live', 'stale', 'refused'] as const;

const HUB: readonly Observed<HubReport>[] = [
  {
    name: 'trunkline.hub.connection.status',
    kind: 'upDownCounter',
    unit: '1',
    description: '1 for the state that the connection is in, 0 for the others',
    read: ({ connection }) => inState('trunkline.connection.state', CONNECTIONS, connection.state),
  },
  {
    name: 'trunkline.hub.connection.rtt',
    kind: 'gauge',
    unit: 's',
    description: 'The last round trip on the connection',
    read: ({ connection }) =>
      connection.state === 'open' && connection.rttMs !== null ? connection.rttMs / 1_000 : [],
  },
  {
    name: 'trunkline.hub.socket.opened',
    kind: 'counter',
    unit: '{socket}',
    description: 'Sockets that were opened',
    read: ({ sockets }) => sockets.opened,
  },
  {
    name: 'trunkline.hub.storage.status',
    kind: 'upDownCounter',
    unit: '1',
    description: "1 for the state that the browser's storage is in, 0 for the other",
    read: ({ storage }) => inState('trunkline.storage.state', STORAGES, storage.state),
  },
  {
    name: 'trunkline.hub.tabs',
    kind: 'upDownCounter',
    unit: '{tab}',
    description: 'Tabs, by whether they take what they are given',
    read: ({ tabs }) =>
      byState(
        'trunkline.tab.credit',
        CREDITS,
        tabs.map(({ credit }) => credit),
      ),
  },
  {
    name: 'trunkline.hub.topics',
    kind: 'upDownCounter',
    unit: '{topic}',
    description: 'Topics that some tab follows, by how they stand',
    read: ({ topics }) =>
      byState(
        'trunkline.topic.state',
        TOPICS,
        topics.map(({ status }) => status.state),
      ),
  },
  {
    name: 'trunkline.hub.outbox.pending',
    kind: 'upDownCounter',
    unit: '{command}',
    description: 'Commands that are still to be delivered',
    read: ({ outbox: { high, normal } }) => [
      [high, { 'trunkline.command.priority': 'high' }],
      [normal, { 'trunkline.command.priority': 'normal' }],
    ],
  },
  {
    name: 'trunkline.hub.outbox.in_flight',
    kind: 'upDownCounter',
    unit: '{command}',
    description: 'Those of them that were handed to the present socket, and are not answered',
    read: ({ outbox }) => outbox.inFlight,
  },
  {
    name: 'trunkline.hub.outbox.entries',
    kind: 'upDownCounter',
    unit: '{entry}',
    description: 'Entries of the outbox, those included that a person has still to dismiss',
    read: ({ outbox }) => outbox.entries,
  },
  {
    name: 'trunkline.hub.messages',
    kind: 'counter',
    unit: '{message}',
    description: 'WebSocket messages',
    read: ({ counts }) => byDirection(counts.messagesIn, counts.messagesOut),
  },
  {
    name: 'trunkline.hub.characters',
    kind: 'counter',
    unit: '{character}',
    description: 'Characters in these messages',
    read: ({ counts }) => byDirection(counts.charactersIn, counts.charactersOut),
  },
  counted('trunkline.hub.event.received', '{event}', 'Events from the server', 'events'),
  counted('trunkline.hub.event.repeated', '{event}', 'Events that were known already', 'repeats'),
  counted('trunkline.hub.event.unknown', '{event}', 'Events of a type that is not known', 'unknownEvents'),
  counted('trunkline.hub.event.invalid', '{event}', 'Events that break their schema', 'invalidEvents'),
  counted('trunkline.hub.event.dropped', '{event}', 'Events that tabs lost to flooding', 'dropped'),
  counted('trunkline.hub.gaps', '{gap}', 'Times that events of a topic were lost uncounted', 'gaps'),
  counted('trunkline.hub.holes', '{hole}', 'Times that an event came whose predecessor had not', 'holes'),
  counted('trunkline.hub.resyncs', '{request}', 'Times that a topic was asked for anew', 'resyncs'),
  counted('trunkline.hub.batches', '{batch}', 'Batches that tabs were given', 'batches'),
  counted(
    'trunkline.hub.message.oversized',
    '{message}',
    'Messages that were too large',
    'oversizedMessages',
  ),
  counted('trunkline.hub.frame.malformed', '{frame}', 'Frames that could not be read', 'malformedFrames'),
  counted('trunkline.hub.frame.unknown', '{frame}', 'Frames of a type that is not known', 'unknownFrames'),
];

/** There is no hub, or nobody needs one: a question would start one. */
const UNASKED: readonly ClosedReason[] = ['idle', 'hub_lost', 'hub_unavailable', 'signed_out'];

/** One that grows for as long as a hub lives; the next one begins at 0. */
function counted(
  name: string,
  unit: string,
  description: string,
  field: keyof HubReport['counts'],
): Observed<HubReport> {
  return { name, kind: 'counter', unit, description, read: ({ counts }) => counts[field] };
}

/**
 * Tells of the hub at each collection, unless its connection is `idle`, or it is not there: nothing is started for it. The tabs of
 * a person share one hub: one of them tells, and another one where that ends. `docs/telemetry.md` has the metrics.
 *
 * @returns what ends it: call it where you close the client.
 */
export function observeHub<P>(client: Client<P>, options: MetricsOptions = {}): () => void {
  const tab = tellingTab();
  const stop = observe(meterOf(options), HUB, async () => {
    const connection = client.connection.get();
    if (connection.state === 'closed' && UNASKED.includes(connection.reason)) return null;
    const report = await client.inspect().catch(() => null);
    if (!report) return null;
    return (await tab.isThisOne(`trunkline:${report.app}:telling:${report.identity}`)) ? report : null;
  });
  return () => {
    stop();
    tab.leave();
  };
}
