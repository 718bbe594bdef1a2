/** What a hub may say of itself, with what a test is about in place of the rest. */
import type { HubReport } from '../../src/index.ts';

export function hubReport(given: Partial<HubReport> = {}): HubReport {
  return {
    hub: 'a hub',
    app: 'ops',
    appVersion: 1,
    identity: 'ann',
    role: { state: 'owner', term: 1 },
    origin: null,
    connection: { state: 'connecting', attempt: 1 },
    sockets: { opened: 0, live: 0, attemptsInLastMinute: 0, storm: false },
    storage: { state: 'ok' },
    unreadableRows: 0,
    savedState: null,
    outbox: { high: 0, normal: 0, inFlight: 0, entries: 0 },
    tabs: [],
    topics: [],
    rates: { eventsPerSecond: 0 },
    counts: NO_COUNTS,
    ...given,
  };
}

export const NO_COUNTS: HubReport['counts'] = {
  messagesIn: 0,
  messagesOut: 0,
  charactersIn: 0,
  charactersOut: 0,
  events: 0,
  batches: 0,
  malformedFrames: 0,
  unknownFrames: 0,
  oversizedMessages: 0,
  unknownEvents: 0,
  invalidEvents: 0,
  repeats: 0,
  holes: 0,
  resyncs: 0,
  dropped: 0,
  gaps: 0,
  lateCallbacks: 0,
};

export function liveTopic(name: string, offset: number, epoch = 'e'): HubReport['topics'][number] {
  return {
    name,
    status: { state: 'live', epoch, offset, lastSeen: 0, dropped: 0, gaps: 0 },
    tabs: 1,
    keys: 0,
    tail: 0,
    queued: 0,
    unacknowledged: 0,
  };
}
