import { plural } from '../ui/format.ts';
import type { Failure } from './failures.ts';

const NAMED = 3;
const LIST = new Intl.ListFormat('en-GB');

/** `Lint ended with code 1`, or of several nodes `3 nodes have failed: Lint, Test and Build`. */
export function sayFailures(failures: readonly Failure[]): string {
  const newest = new Map(failures.map((failure) => [`${failure.runId}/${failure.nodeId}`, failure]));
  const [first, ...others] = newest.values();
  if (!first) return '';
  if (others.length === 0) return sayFailure(first);
  const nodes = [first, ...others];
  const runs = new Set(nodes.map(({ runId }) => runId)).size;
  const names = nodes.slice(0, NAMED).map(nameOf);
  if (nodes.length > NAMED) names.push(`${nodes.length - NAMED} more`);
  const whose = runs > 1 ? ` of ${plural(runs, 'run')}` : '';
  return `${plural(nodes.length, 'node')}${whose} ${sayWhat(nodes)}: ${LIST.format(names)}`;
}

/** What happened, to what: not every engine names the node in its message. */
export function sayFailure(failure: Failure): string {
  const { nodeId, message } = failure;
  const name = nameOf(failure);
  return nodeId === null || message.startsWith(name) ? message : `${name}: ${message}`;
}

/** What people know the node by. */
export function nameOf({ title, nodeId }: Pick<Failure, 'title' | 'nodeId'>): string {
  return title ?? nodeId ?? '';
}

function sayWhat(nodes: readonly Failure[]): string {
  const brokenOff = nodes.filter(({ state }) => state === 'interrupted').length;
  if (brokenOff === 0) return 'have failed';
  return brokenOff === nodes.length ? 'were broken off' : 'have failed or were broken off';
}
