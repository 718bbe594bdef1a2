import { TOPICS } from '../protocol.ts';
import type { DemoClient } from './client.ts';
import { element, find, renderList, write } from './dom.ts';
import { clock, sayTopic } from './words.ts';

const LINES_SHOWN = 60;
const GIB_BYTES = 2 ** 30;

interface Meter {
  readonly name: string;
  /** 0 to 1. */
  readonly share: number;
  readonly text: string;
}
interface Line {
  readonly offset: number;
  readonly time: string;
  readonly text: string;
}

/** A topic's state (the newest event of each key) and its stream (lines without a key). */
export function showMachine(client: DemoClient): void {
  const topic = client.topic<'core_load' | 'memory_use' | 'sampling' | 'log_line'>(TOPICS.machine);
  const meters = find('meters', HTMLElement);
  const lines = find('log', HTMLElement);

  topic.latest(['core_load', 'memory_use']).subscribe((newest) => {
    const shown = [...newest.values()].map(toMeter).sort((a, b) => a.name.localeCompare(b.name));
    renderList(meters, shown, ({ name }) => name, createMeter);
    for (const [index, meter] of shown.entries()) updateMeter(meters.children[index], meter);
  });
  topic.latest('sampling').subscribe((newest) => {
    const intervalMs = newest.get('sampling')?.intervalMs;
    write(find('sampling', HTMLElement), intervalMs === undefined ? '' : `sampled every ${intervalMs} ms`);
  });
  topic
    .view<readonly Line[]>([], (shown, event, { offset, ts }) =>
      event.type === 'log_line'
        ? [{ offset, time: clock(ts), text: event.text }, ...shown].slice(0, LINES_SHOWN)
        : shown,
    )
    .subscribe((shown) =>
      renderList(
        lines,
        shown,
        ({ offset, time }) => `${offset} ${time}`,
        ({ time, text }) => element('li', '', element('time', '', time), text),
      ),
    );
  topic.status.subscribe((status) => write(find('machine-status', HTMLElement), sayTopic(status)));
}

type Measured =
  | { readonly type: 'core_load'; readonly core: number; readonly load: number }
  | { readonly type: 'memory_use'; readonly usedBytes: number; readonly totalBytes: number };

function toMeter(event: Measured): Meter {
  if (event.type === 'core_load') {
    return { name: `core ${event.core}`, share: event.load, text: `${Math.round(event.load * 100)} %` };
  }
  const { usedBytes, totalBytes } = event;
  const inGib = (bytes: number) => (bytes / GIB_BYTES).toFixed(1);
  return {
    name: 'memory',
    share: usedBytes / totalBytes,
    text: `${inGib(usedBytes)} of ${inGib(totalBytes)} GiB`,
  };
}

function createMeter({ name }: Meter): HTMLElement {
  const bar = element('span', 'bar');
  bar.setAttribute('role', 'meter');
  bar.setAttribute('aria-label', name);
  bar.setAttribute('aria-valuemin', '0');
  bar.setAttribute('aria-valuemax', '1');
  return element('div', 'meter', element('span', '', name), bar, element('output', ''));
}

function updateMeter(meter: Element | undefined, { share, text }: Meter): void {
  const bar = meter?.querySelector<HTMLElement>('.bar');
  const value = meter?.querySelector('output');
  if (!bar || !value) return;
  bar.style.setProperty('--share', String(share));
  bar.setAttribute('aria-valuenow', String(share));
  bar.setAttribute('aria-valuetext', text);
  write(value, text);
}
