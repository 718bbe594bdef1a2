import type { HubReport } from 'trunkline';
import type { DemoClient } from './client.ts';
import { element, find, renderList, write } from './dom.ts';

const REFRESH_MS = 1_000;
const BRANCHES_SHOWN = 8;

/** What the hub tells of itself, once a second while this tab is seen. */
export function showInspector(client: DemoClient): void {
  let isAsking = false;
  const refresh = async () => {
    if (isAsking || document.hidden) return;
    isAsking = true;
    try {
      show(await client.inspect());
    } catch {
      // There is no hub: the connection says so.
    } finally {
      isAsking = false;
    }
  };
  refresh();
  setInterval(refresh, REFRESH_MS);
}

function show(report: HubReport): void {
  const { sockets, tabs, outbox, rates, counts, role } = report;
  const facts: [string, string][] = [
    ['Hub', report.hub.slice(0, 8)],
    ['Role', role.state === 'owner' ? `owner, term ${role.term}` : 'candidate'],
    ['Tabs', String(tabs.length)],
    ['Sockets live', String(sockets.live)],
    ['Sockets opened', String(sockets.opened)],
    ['Tries in 60 s', `${sockets.attemptsInLastMinute}${sockets.storm ? ' (storm)' : ''}`],
    ['Events a second', rates.eventsPerSecond.toFixed(1)],
    ['Events', String(counts.events)],
    ['Received', kilobytes(counts.charactersIn)],
    ['Sent', kilobytes(counts.charactersOut)],
    ['Outbox', `${outbox.high} high, ${outbox.normal} normal`],
    ['Resyncs', String(counts.resyncs)],
  ];
  const list = find('inspector', HTMLElement);
  renderList(
    list,
    facts,
    ([name]) => name,
    ([name]) => element('div', '', element('dt', '', name), element('dd', '')),
  );
  for (const [index, [, value]] of facts.entries()) {
    const cell = list.children[index]?.querySelector('dd');
    if (cell) write(cell, value);
  }
  const count = Math.max(1, tabs.length);
  renderList(
    find('branches', HTMLElement),
    tabs.slice(0, BRANCHES_SHOWN),
    ({ tab }) => String(tab),
    () => element('i', ''),
  );
  write(find('tab-count', HTMLElement), count === 1 ? '1 tab' : `${count} tabs`);
}

const kilobytes = (characters: number) => `${(characters / 1_000).toFixed(1)} kB`;
