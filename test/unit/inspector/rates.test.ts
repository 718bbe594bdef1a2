import { expect, test } from 'vitest';
import type { HubReport } from '../../../src/index.ts';
import { Rates } from '../../../src/inspector/recording/rates.ts';
import { hubReport, liveTopic, NO_COUNTS } from '../../support/hub-report.ts';

const topic = (offset: number, epoch?: string) => liveTopic('run', offset, epoch);
const report = (hub: string, events: number, topics: HubReport['topics'] = []) =>
  hubReport({ hub, topics, counts: { ...NO_COUNTS, messagesIn: events, events } });

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
