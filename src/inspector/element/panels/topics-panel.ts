/** The topics that tabs of this browser listen to. */
import type { HubReport } from '../../../protocol/model.ts';
import type { View } from '../../view.ts';
import { createDetail } from '../detail.ts';
import { make, setText } from '../dom.ts';
import { createFilter } from '../filter.ts';
import { createGrid } from '../grid.ts';
import type { Panel } from '../panel.ts';
import { sayCount, sayRate, sayTime } from '../words.ts';

type Topic = HubReport['topics'][number];

export function createTopicsPanel(): Panel {
  let view: View | null = null;
  const filter = createFilter('Filter topics', () => view && update(view));
  const count = make('p', { class: 'note' });
  const detail = createDetail('The chosen topic');
  const rateOf = (name: string) => {
    const rate = view?.rates.ofTopic(name) ?? null;
    return rate === null ? '–' : sayRate(rate);
  };
  const figure = (label: string, of: (topic: Topic) => number | null, isMinor = false) => ({
    label,
    width: '4.5em',
    isNumber: true,
    isMinor,
    text: (topic: Topic) => {
      const value = of(topic);
      return value === null ? '–' : sayCount(value);
    },
  });
  const grid = createGrid<Topic>({
    label: 'Topics',
    keyOf: ({ name }) => name,
    toneOf: ({ status }) => TONES[status.state],
    columns: [
      { label: 'Topic', width: 'minmax(6em, 2fr)', text: ({ name }) => name },
      { label: 'State', width: '5.5em', text: ({ status }) => status.state },
      figure('Offset', ({ status }) => ('offset' in status ? status.offset : null)),
      { label: 'Per s', width: '4em', isNumber: true, text: ({ name }) => rateOf(name) },
      figure('Keys', ({ keys }) => keys, true),
      figure('Tabs', ({ tabs }) => tabs, true),
      figure('Queued', ({ queued }) => queued, true),
      figure('Dropped', ({ status }) => ('dropped' in status ? status.dropped : null)),
    ],
    chosen: (topic) => detail.update(topic && { facts: factsOf(topic), payload: null }),
  });
  const factsOf = ({ name, status, ...topic }: Topic) => ({
    Topic: name,
    State: status.state,
    Refused: status.state === 'refused' ? `${status.code}: ${status.message}` : null,
    Offset: 'offset' in status ? sayCount(status.offset) : null,
    Epoch: 'offset' in status ? status.epoch : null,
    'Newest event': 'offset' in status ? sayTime(status.lastSeen) : null,
    'As of': 'savedAt' in status && status.savedAt !== undefined ? sayTime(status.savedAt) : null,
    'Per second': rateOf(name),
    Keys: sayCount(topic.keys),
    'Without a key': sayCount(topic.tail),
    Tabs: sayCount(topic.tabs),
    'Queued for some tab': sayCount(topic.queued),
    'Not acknowledged': sayCount(topic.unacknowledged),
    'Dropped in this tab': 'offset' in status ? sayCount(status.dropped) : null,
    'Gaps in this tab': 'offset' in status ? sayCount(status.gaps) : null,
  });
  const update = (now: View) => {
    view = now;
    const topics = now.report?.topics ?? [];
    const shown = filter.of(topics, ({ name, status }) => `${name} ${status.state}`);
    setText(
      count,
      shown.length === topics.length
        ? `${sayCount(topics.length)} topics.`
        : `${sayCount(shown.length)} of ${sayCount(topics.length)} topics.`,
    );
    grid.update(shown);
  };
  return {
    name: 'topics',
    label: 'Topics',
    element: make(
      'section',
      {},
      make('div', { class: 'bar' }, filter.element, count),
      grid.element,
      detail.element,
    ),
    update,
  };
}

const TONES = {
  idle: 'quiet',
  syncing: 'busy',
  unavailable: 'bad',
  live: 'good',
  stale: 'waits',
  refused: 'bad',
} as const;
