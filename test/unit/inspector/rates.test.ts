import { expect, test } from 'vitest';
import type { HubReport } from '../../../src/index.ts';
import { Rates } from '../../../src/inspector/recording/rates.ts';

const topic = (offset: number, epoch = 'e'): HubReport['topics'][number] => ({
  name: 'run',
  status: { state: 'live', epoch, offset, lastSeen: 0, dropped: 0, gaps: 0 },
  tabs: 1,
  keys: 0,
  tail: 0,
  queued: 0,
  unacknowledged: 0,
});
function report(hub: string, events: number, topics: HubReport['topics'] = []): HubReport {
  return {
    hub,
    app: 'ops',
    appVersion: 1,
    identity: 'ann',
    role: { state: 'owner', term: 1 },
    origin: null,
    connection: { state: 'connecting', attempt: 1 },
    sockets: { opened: 1, live: 1, attemptsInLastMinute: 1, storm: false },
    storage: { state: 'ok' },
    unreadableRows: 0,
    savedState: null,
    outbox: { high: 0, normal: 0, inFlight: 0, entries: 0 },
    tabs: [],
    topics,
    rates: { eventsPerSecond: 0 },
    counts: {
      messagesIn: events,
      messagesOut: 0,
      charactersIn: 0,
      charactersOut: 0,
      events,
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
    },
  };
}

test('a rate is what was counted between two reports, by the time between them', () => {
  const rates = new Rates();
  rates.heard(report('h', 10, [topic(100)]), 1_000);
  expect(rates.samples).toEqual([]);
  expect(rates.ofTopic('run')).toBeNull();
  rates.heard(report('h', 30, [topic(110)]), 3_000);
  expect(rates.samples).toMatchObject([{ at: 3_000, events: 10, messagesIn: 10 }]);
  expect(rates.ofTopic('run')).toBe(5);
});

test('from one hub to the next, or one epoch to the next, there is none', () => {
  const rates = new Rates();
  rates.heard(report('h', 1_000, [topic(100)]), 1_000);
  rates.heard(report('other', 10, [topic(100)]), 2_000);
  expect(rates.samples).toEqual([]);
  rates.heard(report('other', 10, [topic(1, 'f')]), 3_000);
  expect(rates.ofTopic('run')).toBeNull();
  expect(rates.samples).toHaveLength(1);
});

test('two minutes of samples are kept', () => {
  const rates = new Rates();
  for (let second = 0; second < 300; second++) rates.heard(report('h', second), second * 1_000);
  expect(rates.samples).toHaveLength(120);
});
