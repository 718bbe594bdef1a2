/** The hub that serves this tab: what it is, whom it serves, how much goes through it. */
import type { HubReport } from '../../../protocol/model.ts';
import { createChart } from '../chart.ts';
import { make } from '../dom.ts';
import { createFacts } from '../facts.ts';
import { createGrid } from '../grid.ts';
import type { Panel } from '../panel.ts';
import { sayCount, sayMore, sayName, sayRate, sayRole, sayState } from '../words.ts';

export function createHubPanel(): Panel {
  const key = createFacts(true);
  const facts = createFacts();
  const counts = createFacts();
  const events = createChart('Events a second');
  const messages = createChart('Messages a second');
  const tabs = createGrid<TabOfHub>({
    label: 'Tabs of the hub',
    keyOf: ({ tab }) => `${tab}`,
    columns: [
      { label: 'Tab', width: '3em', text: ({ tab }) => `${tab}` },
      { label: 'Seen', width: '5em', text: ({ visible }) => (visible ? 'visible' : 'hidden') },
      { label: 'Credit', width: '5em', text: ({ credit }) => credit },
      { label: 'Topics', width: '4em', isNumber: true, text: ({ topics }) => sayCount(topics.length) },
      { label: 'Their names', width: 'minmax(0, 1fr)', isMinor: true, text: ({ topics }) => namesOf(topics) },
    ],
  });
  const element = make(
    'section',
    { class: 'scrolls', tabindex: '0' },
    key.element,
    facts.element,
    make('div', { class: 'charts' }, events.element, messages.element),
    make('h3', {}, 'Tabs'),
    tabs.element,
    make('h3', {}, 'Since the hub started'),
    counts.element,
  );
  tabs.element.classList.add('short');
  return {
    name: 'hub',
    label: 'Hub',
    element,
    update({ report, rates, connection }) {
      const last = rates.samples.at(-1);
      const series = rates.samples;
      events.update(
        series.map((sample) => sample.events),
        last ? sayRate(last.events) : '–',
      );
      messages.update(
        series.map(({ messagesIn, messagesOut }) => messagesIn + messagesOut),
        last ? `${sayRate(last.messagesIn)} in, ${sayRate(last.messagesOut)} out` : '–',
      );
      const state = { Connection: [sayState(connection), sayMore(connection)].filter(Boolean).join('; ') };
      if (!report) return facts.update(state);
      const { sockets, outbox, counts: told } = report;
      key.update({
        'Sockets live': sayCount(sockets.live),
        Tabs: sayCount(report.tabs.length),
        'Events / s': sayRate(report.rates.eventsPerSecond),
        Outbox: sayCount(outbox.entries),
      });
      facts.update({
        ...state,
        Server: report.origin,
        Role: sayRole(report),
        Hub: report.hub.slice(0, 8),
        Application: `${report.app}, version ${report.appVersion}`,
        Identity: report.identity,
        'Sockets ever opened': sayCount(sockets.opened),
        'Attempts in a minute': `${sockets.attemptsInLastMinute}${sockets.storm ? ', a storm' : ''}`,
        Storage: report.storage.state === 'ok' ? 'ok' : `degraded: ${report.storage.reason}`,
        'High priority': sayCount(outbox.high),
        'Normal priority': sayCount(outbox.normal),
        'In flight': sayCount(outbox.inFlight),
      });
      tabs.update(report.tabs);
      counts.update(
        Object.fromEntries(Object.entries(told).map(([name, count]) => [sayName(name), sayCount(count)])),
      );
    },
  };
}

type TabOfHub = HubReport['tabs'][number];
const NAMED = 20;
const namesOf = (topics: readonly string[]) =>
  topics.slice(0, NAMED).join(', ') + (topics.length > NAMED ? ', …' : '');
