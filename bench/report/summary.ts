/** What a visitor reads first: ours beside the best peer and the limit, one line for each thing that one may care about. */
import { CONTENDERS } from '../run/contenders.ts';
import type { FigureTable } from '../run/results.ts';
import type { FigureInfo } from '../run/scene.ts';
import { formatNumber } from './format.ts';

interface Line {
  readonly title: string;
  readonly case: string;
  readonly figure: string;
  /** @default 'trunkline' */
  readonly ours?: string;
  /** The least that is needed for the same work, where it is measured. @default 'bare-port' */
  readonly limit?: string;
}

const LINES: readonly Line[] = [
  { title: '500 events a second, 10 tabs: delay', case: 'latency-10', figure: 'median' },
  { title: "500 events a second, 10 tabs: the browser's work", case: 'latency-10', figure: 'browserCpu' },
  { title: 'the same, 9 tabs hidden: delay in the visible one', case: 'hidden-10', figure: 'median' },
  { title: "the same, 9 tabs hidden: the browser's work", case: 'hidden-10', figure: 'browserCpu' },
  { title: '2,000 events a second, 10 tabs: delay', case: 'flood-10', figure: 'median' },
  { title: '50 events a second, one tab: delay', case: 'latency-1', figure: 'median' },
  {
    title: '20,000 events at once, 10 tabs: events a second',
    case: 'burst',
    figure: 'perSecond',
    ours: 'trunkline-whole',
  },
  { title: 'a workflow, replayed so many times as fast', case: 'trace', figure: 'speed' },
  { title: 'the first tab on 1,000 keys', case: 'new-tab-1000', figure: 'first' },
  { title: 'one more tab on 1,000 keys', case: 'new-tab-1000', figure: 'time' },
  { title: 'one more tab on 100,000 keys', case: 'new-tab-100000', figure: 'time' },
  { title: "the browser's memory, 100,000 keys", case: 'new-tab-100000', figure: 'browser' },
  {
    title: 'one command, until it is stored',
    case: 'outbox',
    figure: 'alone',
    limit: 'bare-worker-indexeddb',
  },
  { title: '200 queued commands, flushed', case: 'outbox', figure: 'flush' },
  { title: 'the server: 10 tabs of one person, per event', case: 'cost-10', figure: 'cpuPerEvent' },
  { title: 'the server: 5,000 connections, per delivery', case: 'fan-out-5000', figure: 'cpu' },
  {
    title: 'the server: commands of 50 clients to the disk, a second',
    case: 'commands-50',
    figure: 'perSecond',
    limit: 'bare-sqlite',
  },
  { title: 'the server: the longest wait for a pong', case: 'pong-memory', figure: 'longest' },
];

/** A median, and whose it is. */
export interface Reached {
  readonly contender: string;
  readonly value: number;
  /** In words; empty where nothing was wrong. */
  readonly flaws: string;
}
export interface SummaryLine {
  readonly title: string;
  /** `null` where the figure is of a case that was not measured. */
  readonly figure: FigureInfo | null;
  readonly ours: Reached | null;
  /** Of those whose figure has no flaw, where there are any. */
  readonly bestPeer: Reached | null;
  readonly limit: Reached | null;
}

const PEERS = new Set(
  CONTENDERS.filter(({ server, isLimit }) => server !== 'trunkline' && !isLimit).map(({ name }) => name),
);

export function summaryOf(tables: readonly FigureTable[]): SummaryLine[] {
  return LINES.map(({ title, case: of, figure: name, ours = 'trunkline', limit = 'bare-port' }) => {
    const table = tables.find((one) => one.case.name === of && one.figure.name === name);
    const measured = (table?.cells ?? []).flatMap((cell) => ('median' in cell ? [cell] : []));
    const reachedBy = (contender: string): Reached | null => {
      const cell = measured.find((one) => one.name === contender);
      return cell ? { contender: cell.contender, value: cell.median, flaws: cell.flaws } : null;
    };
    const peers = measured.filter((cell) => PEERS.has(cell.name));
    const flawless = peers.filter(({ flaws }) => flaws === '');
    const sign = table?.figure.better === 'higher' ? -1 : 1;
    const [best] = (flawless.length > 0 ? flawless : peers).toSorted((a, b) => sign * (a.median - b.median));
    return {
      title,
      figure: table?.figure ?? null,
      ours: reachedBy(ours),
      bestPeer: best ? reachedBy(best.name) : null,
      limit: reachedBy(limit),
    };
  });
}

/** How many times better than another; `null` where one of them is not there, or has no ratio to 0. */
export function advantage(line: SummaryLine, of: Reached | null, over: Reached | null): number | null {
  if (!line.figure || !of || !over || of.value === 0 || over.value === 0) return null;
  return line.figure.better === 'higher' ? of.value / over.value : over.value / of.value;
}

const NOT_MEASURED = 'not measured';

/** The cells of the table, a row for each line. */
export function summaryRows(lines: readonly SummaryLine[]): string[][] {
  return lines.map((line) => {
    const { title, figure, ours, bestPeer, limit } = line;
    if (!figure || !(ours || bestPeer || limit)) return [title, NOT_MEASURED, '', ''];
    const shown = ({ value, flaws }: Reached) => `${flaws && '⚠ '}${formatNumber(value)}${unitOf(figure)}`;
    const isAhead = (advantage(line, ours, bestPeer) ?? 0) > 1;
    const own = ours ? shown(ours) : NOT_MEASURED;
    return [
      title,
      isAhead ? `**${own}**` : own,
      bestPeer ? `${shown(bestPeer)}, ${bestPeer.contender}` : 'none can',
      limit ? shown(limit) : '',
    ];
  });
}

function unitOf({ unit }: FigureInfo): string {
  if (unit === '' || unit === 'per second') return '';
  return unit === '%' ? unit : ` ${unit}`;
}
