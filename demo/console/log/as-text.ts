import { formatCount } from '../ui/format.ts';
import type { Line } from './run-log.ts';

/** What a log is of, for those who have nothing but its text. */
export interface About {
  readonly run: string;
  /** The name of its pipeline; `null`: it is not known. */
  readonly pipeline: string | null;
  readonly runId: string;
  /** `null`: all of the run's nodes. */
  readonly node: { readonly nodeId: string; readonly title: string } | null;
  /** So many lines came before the first one. */
  readonly cut: number;
}

/** A log as text: what it is of, and a line for each of its own, with time and stream (`out`, `err`, or `engine` for its own word), and its node where there are several. */
export function logText(lines: Iterable<Line>, about: About, titleOf: (nodeId: string) => string): string {
  const { run, runId, node, cut } = about;
  const head = [`# ${run}, run ${runId}${node === null ? '' : `: ${node.title} (${node.nodeId})`}`];
  if (cut > 0) head.push(`# ${sayCut(cut)}`);
  const body: string[] = [];
  for (const { nodeId, stream, text, at, gap } of lines) {
    if (gap > 0) body.push(`# ${sayGap(gap)}`);
    const time = at === undefined ? '-' : new Date(at).toISOString();
    const from = node === null ? ` [${titleOf(nodeId)}]` : '';
    body.push(`${time} ${stream}${from} ${text}`);
  }
  return `${[...head, ...body].join('\n')}\n`;
}

export function sayCut(cut: number): string {
  return cut === 1
    ? 'The first line is no longer kept.'
    : `The first ${formatCount(cut)} lines are no longer kept.`;
}

export function sayGap(gap: number): string {
  return gap === 1
    ? 'A line is missing here.'
    : `${formatCount(gap)} lines are missing here: too many came at once.`;
}
