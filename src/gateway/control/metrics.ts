/** What a server counts, for Prometheus. No label tells of a person, a topic or a client. */
import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import type { ServerStats } from '../../server/core/stats.ts';

export interface Metrics {
  readonly contentType: string;
  text(): Promise<string>;
}

type CountName = { [K in keyof ServerStats]: ServerStats[K] extends number ? K : never }[keyof ServerStats];

/** As of now. */
const GAUGES: Partial<Record<CountName, string>> = {
  connections: 'Sockets that are welcomed and open',
  handshakes: 'Sockets that are not welcomed yet',
  subscriptions: 'Subscriptions: one for each topic of each connection',
  topics: 'Topics with at least one subscription',
};
/** Since the gateway began. */
const COUNTERS: Partial<Record<CountName, [name: string, help: string]>> = {
  connectionsOpened: ['connections', 'Connections that were welcomed'],
  socketsOpened: ['sockets', 'Sockets, welcomed or not'],
  upgradesRefused: ['upgrades_refused', 'Requests for a WebSocket that were refused'],
  messagesIn: ['messages_in', 'WebSocket messages from clients'],
  messagesOut: ['messages_out', 'WebSocket messages to clients'],
  framesIn: ['frames_in', 'Frames in messages from clients'],
  framesOut: ['frames_out', 'Frames in messages to clients'],
  bytesIn: ['bytes_in', 'Bytes of text from clients'],
  bytesOut: ['bytes_out', 'Bytes of text to clients'],
  unknownFrames: ['unknown_frames', 'Frames of a type that this version does not know'],
  malformedFrames: ['malformed_frames', 'Frames that ended their connection'],
  oversizedMessages: ['oversized_messages', 'Messages that were too large, and ended their connection'],
  rateLimited: ['rate_limited', 'Requests for topics that were refused as too many'],
  eventsPublished: ['events_published', 'Events that were committed'],
  eventsSent: ['events_sent', 'Event frames to clients, replays included'],
  eventsTooLarge: ['events_too_large', 'Events that were left out for a client whose limit they exceed'],
  redeliveries: ['redeliveries', 'Critical events that were sent again'],
  acknowledged: ['acknowledged', 'Critical events that were acknowledged'],
  snapshots: ['snapshots', 'Snapshots'],
  recoveries: ['recoveries', 'Subscriptions that went on at their cursor'],
  silentConnections: ['silent_connections', 'Connections that were cut off as silent'],
};
const COMMAND_OUTCOMES = [
  'accepted',
  'duplicates',
  'rejected',
  'deferred',
  'withdrawn',
  'failedAttempts',
] as const;
const HEALTH = [
  'opening',
  'ready',
  'behind',
  'draining',
  'diverged',
] as const satisfies readonly ServerStats['health'][];

export function metricsOf(stats: () => ServerStats): Metrics {
  const register = new Registry();
  collectDefaultMetrics({ register });
  const registers = [register];
  const updates: ((stats: ServerStats) => void)[] = [];
  const gauge = (name: string, help: string, value: (stats: ServerStats) => number) => {
    const one = new Gauge({ name: `trunkline_${name}`, help, registers });
    updates.push((now) => one.set(value(now)));
  };
  const counter = (name: string, help: string, value: (stats: ServerStats) => number) => {
    const one = new Counter({ name: `trunkline_${name}_total`, help, registers });
    updates.push((now) => {
      one.reset();
      one.inc(value(now));
    });
  };
  for (const [name, help] of Object.entries(GAUGES)) gauge(name, help, (now) => now[name as CountName]);
  for (const [field, [name, help]] of Object.entries(COUNTERS))
    counter(name, help, (now) => now[field as CountName]);
  gauge('commands_in_progress', 'Commands that wait or run', ({ commands }) => commands.inProgress);
  counter('commands_received', 'Commands, repeats included', ({ commands }) => commands.received);
  const outcomes = new Counter({
    name: 'trunkline_commands_total',
    help: 'How commands came out',
    labelNames: ['outcome'],
    registers,
  });
  const goodbyes = new Counter({
    name: 'trunkline_goodbyes_total',
    help: 'Goodbyes that were said',
    labelNames: ['code'],
    registers,
  });
  const health = new Gauge({
    name: 'trunkline_health',
    help: '1 for how the gateway stands now, 0 for the others',
    labelNames: ['state'],
    registers,
  });
  updates.push((now) => {
    outcomes.reset();
    for (const outcome of COMMAND_OUTCOMES)
      outcomes.inc(
        { outcome: outcome.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`) },
        now.commands[outcome],
      );
    goodbyes.reset();
    for (const [code, count] of Object.entries(now.goodbyes)) goodbyes.inc({ code }, count);
    for (const state of HEALTH) health.set({ state }, Number(now.health === state));
  });
  return {
    contentType: register.contentType,
    async text() {
      const now = stats();
      for (const update of updates) update(now);
      return await register.metrics();
    },
  };
}
