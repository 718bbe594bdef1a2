import type { Cell, FigureTable } from '../run/results.ts';
import { formatNumber } from './format.ts';

/** What must be reached, beside what was. */
export interface Verdict {
  readonly target: string;
  readonly reached: string;
  readonly met: boolean;
}

const OURS = 'trunkline';
const OURS_AT_ONCE = 'trunkline, floodEventsPerSecond 2,000';
const KEPT = 'trunkline, with `persist`';
const SOCKETS = 'a WebSocket per tab';
const PORT = 'limit: bare postMessage batches';
const STORE = 'limit: a bare IndexedDB transaction';

/** Those whose figures were measured. */
export function judge(tables: readonly FigureTable[]): Verdict[] {
  const cellOf = (name: string, figure: string, contender: string): Exclude<Cell, { why: string }> | null => {
    const table = tables.find((one) => one.case.name === name && one.figure.name === figure);
    const cell = table?.cells.find((one) => one.contender === contender);
    return cell && 'median' in cell ? cell : null;
  };
  const value = (name: string, figure: string, contender = OURS) =>
    cellOf(name, figure, contender)?.median ?? Number.NaN;
  const ratio = (name: string, figure: string, to: string) => value(name, figure) / value(name, figure, to);
  const verdicts: Verdict[] = [];
  const add = (target: string, reached: number, unit: string, met: boolean) => {
    if (!Number.isNaN(reached)) verdicts.push({ target, reached: `${formatNumber(reached)}${unit}`, met });
  };
  const atLeast = (target: string, reached: number, limit: number, unit: string) =>
    add(`${target}: at least ${limit}${unit}`, reached, unit, reached >= limit);
  const atMost = (target: string, reached: number, limit: number, unit: string) =>
    add(`${target}: at most ${limit}${unit}`, reached, unit, reached <= limit);

  atMost('10 tabs, connections at the server', value('cost-10', 'connections'), 1, '');
  const bytes = value('cost-10', 'bytesOut') / value('cost-1', 'bytesOut');
  atMost('10 tabs, bytes out of the server against those of one tab', Number(bytes.toFixed(2)), 1, '×');
  atLeast('burst to 10 tabs, against a WebSocket per tab', ratio('burst', 'perSecond', SOCKETS), 10, '×');
  atLeast(
    'burst to 10 tabs, against bare `postMessage` batches',
    ratio('burst', 'perSecond', PORT),
    0.8,
    '×',
  );
  atMost('10,000 events a second to 10 tabs, tasks over 50 ms', value('conflation', 'longTasks'), 0, '');
  const flaws = cellOf('conflation', 'behind', OURS)?.flaws;
  if (flaws !== undefined) {
    const target = '10,000 events a second to 10 tabs: the last value of every key arrives';
    verdicts.push({ target, reached: flaws === '' ? 'in every tab' : flaws, met: flaws === '' });
  }
  for (const [how, contender] of [
    ['500 events a second to 10 tabs', OURS],
    ['the same with `floodEventsPerSecond` 2,000', OURS_AT_ONCE],
  ] as const) {
    const against = (figure: string) =>
      value('latency-10', figure, contender) / value('latency-10', figure, SOCKETS);
    atMost(`${how}, median, against a WebSocket per tab`, against('median'), 1, '×');
    atMost(`${how}, p99, against a WebSocket per tab`, against('p99'), 0.5, '×');
  }
  const behind = value('latency-1', 'median') - value('latency-1', 'median', SOCKETS);
  atMost('50 events a second to one tab, median, behind a plain WebSocket', behind, 1, ' ms');
  atMost(
    '200 commands stored in one turn, against one IndexedDB transaction',
    ratio('outbox', 'together', STORE),
    3,
    '×',
  );
  atMost(
    'one command stored, against one IndexedDB transaction (relaxed)',
    ratio('outbox', 'alone', STORE),
    1.2,
    '×',
  );
  atMost(
    'one command stored, against one IndexedDB transaction (strict)',
    ratio('outbox', 'aloneStrict', STORE),
    1.2,
    '×',
  );
  atMost(
    'one more tab on 1,000 keys, from subscribing to the state',
    value('new-tab-1000', 'time'),
    50,
    ' ms',
  );
  atMost('one more tab on 1,000 keys, bytes from the server', value('new-tab-1000', 'bytes'), 0, '');
  atMost('first event after the server is back, of the backoff step', value('outage', 'ofStep'), 100, '%');
  atMost('10,000 missed events, after the connection is back', value('outage', 'replay'), 1_000, ' ms');
  const kept = (name: string, figure: string) => value(name, figure, KEPT);
  atMost(
    "500 events a second over 1,000 keys that are kept on the device: the worker's time, against the same not kept",
    kept('keeping', 'worker') / value('keeping', 'worker'),
    1.05,
    '×',
  );
  atMost(
    'first state of 1,000 keys of the device, offline, against the same page online',
    kept('first-state-1000', 'offline') / kept('first-state-1000', 'online'),
    0.6,
    '×',
  );
  atMost(
    'first state of 100,000 keys of the device, offline',
    kept('first-state-100000', 'offline'),
    1_000,
    ' ms',
  );
  return verdicts;
}
