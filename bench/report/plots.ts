import * as Plot from '@observablehq/plot';
import { JSDOM } from 'jsdom';
import type { FigureTable } from '../run/results.ts';
import { formatNumber, titleOf } from './format.ts';
import { advantage, type SummaryLine } from './summary.ts';

interface Bar {
  readonly contender: string;
  readonly median: number;
  readonly min: number;
  readonly max: number;
}
interface Point extends Bar {
  readonly size: number;
}

/** Cases whose first figure becomes bars. */
const BARS: readonly (readonly [name: string, figure: string])[] = [
  ['burst', 'perSecond'],
  ['latency-10', 'p99'],
  ['conflation', 'longTasks'],
  ['outage', 'first'],
  ['outbox', 'together'],
  ['memory-10', 'browser'],
];
/** Families of cases that differ in size: how a figure grows. */
const LINES: readonly {
  readonly family: string;
  readonly figure: string;
  readonly by: string;
  readonly at: string;
}[] = [
  { family: 'new-tab', figure: 'time', by: 'keys', at: 'new-tab-100000' },
  { family: 'cost', figure: 'bytesOut', by: 'tabs', at: 'cost-30' },
];

/** SVG by the name of the case that it belongs to. */
export function drawPlots(tables: readonly FigureTable[]): Map<string, string> {
  const plots = new Map<string, string>();
  for (const [name, figure] of BARS) {
    const table = tables.find((one) => one.case.name === name && one.figure.name === figure);
    if (table) plots.set(name, drawBars(table));
  }
  for (const { family, figure, by, at } of LINES) {
    const growing = tables.filter(
      (one) => one.case.name.startsWith(`${family}-`) && one.figure.name === figure,
    );
    const [first] = growing;
    if (!first || growing.length < 2) continue;
    const points = growing.flatMap((table) => {
      const size = Number(table.case.name.slice(family.length + 1));
      return barsOf(table).map((bar): Point => ({ ...bar, size }));
    });
    points.sort((a, b) => a.size - b.size);
    plots.set(at, drawLines(points, `${titleOf(first.figure)}, by ${by}`));
  }
  return plots;
}

/** How many times better than the best peer, to the right of 1; `null` where nothing was measured beside a peer. */
export function drawSummary(lines: readonly SummaryLine[]): string | null {
  const bars = lines.flatMap((line) => {
    const ours = advantage(line, line.ours, line.bestPeer);
    if (ours === null) return [];
    return [{ title: line.title, ours, limit: advantage(line, line.limit, line.bestPeer) }];
  });
  if (bars.length === 0) return null;
  return svgOf({
    marginLeft: 330,
    marginRight: 70,
    x: { type: 'log', label: 'times better than the best peer', grid: true, ticks: 5, tickFormat: ',' },
    y: { label: null, domain: bars.map(({ title }) => title) },
    marks: [
      Plot.barX(bars, {
        x1: 1,
        x2: 'ours',
        y: 'title',
        fill: ({ ours }: (typeof bars)[number]) => (ours >= 1 ? '#2166ac' : '#b2182b'),
      }),
      // In a column, where no bar or tick lies under it.
      Plot.text(bars, {
        y: 'title',
        text: ({ ours }: (typeof bars)[number]) => `${formatNumber(ours)}×`,
        frameAnchor: 'right',
        textAnchor: 'end',
        dx: 55,
      }),
      Plot.tickX(
        bars.filter(({ limit }) => limit !== null),
        { x: 'limit', y: 'title', stroke: '#222222', strokeWidth: 2 },
      ),
      Plot.ruleX([1]),
    ],
  });
}

function barsOf({ cells }: FigureTable): Bar[] {
  return cells.flatMap((cell) => ('median' in cell ? [cell] : []));
}

function drawBars(table: FigureTable): string {
  const bars = barsOf(table);
  return svgOf({
    marginLeft: 230,
    x: { label: titleOf(table.figure), grid: true, zero: true },
    y: { label: null, domain: bars.map(({ contender }) => contender) },
    marks: [
      Plot.barX(bars, {
        x: 'median',
        y: 'contender',
        fill: ({ contender }: Bar) => (contender.startsWith('trunkline') ? '#2166ac' : '#b0b8c0'),
      }),
      Plot.ruleY(bars, { x1: 'min', x2: 'max', y: 'contender', stroke: '#222222' }),
      Plot.ruleX([0]),
    ],
  });
}

function drawLines(points: readonly Point[], label: string): string {
  const contenders = [...new Set(points.map(({ contender }) => contender))];
  const largest = Math.max(...points.map(({ size }) => size));
  const names = points
    .filter(({ size }) => size === largest)
    .sort((a, b) => b.median - a.median)
    .map(({ contender }) => contender);
  return svgOf({
    marginLeft: 70,
    marginRight: 210,
    // The first color of the scheme, a blue, is for the first contender.
    color: { domain: contenders, scheme: 'Observable10' },
    x: {
      type: 'log',
      label: null,
      ticks: [...new Set(points.map(({ size }) => size))],
      tickFormat: ',',
      grid: true,
    },
    y: { type: 'log', label, grid: true, ticks: 4, tickFormat: ',' },
    marks: [
      Plot.lineY(points, { x: 'size', y: 'median', stroke: 'contender' }),
      Plot.ruleX(points, { x: 'size', y1: 'min', y2: 'max', stroke: 'contender' }),
      Plot.dot(points, { x: 'size', y: 'median', fill: 'contender' }),
      // In the order of the lines' ends, which may lie on each other.
      ...names.map((contender, index) =>
        Plot.text([contender], {
          text: [contender],
          fill: [contender],
          frameAnchor: 'top-right',
          textAnchor: 'start',
          dx: 14,
          dy: index * 16,
        }),
      ),
    ],
  });
}

function svgOf(options: Plot.PlotOptions): string {
  const { document } = new JSDOM('').window;
  const plot = Plot.plot({ document, width: 760, style: { background: 'white' }, ...options });
  plot.setAttribute('xmlns', 'http://www.w3.org/2000/svg');
  return plot.outerHTML;
}
