import type { NodeStateEvent } from '../../engine/events.ts';
import type { GraphStep } from '../graph/use-graph.ts';
import { durationIn, type RunTime } from '../runs/run-time.ts';
import { formatDuration } from '../ui/format.ts';
import { STATE_WORDS } from '../ui/state.tsx';
import { type Attempt, attemptsOf, hasWaited } from './attempts.ts';
import type { Chain } from './longest-chain.ts';

/** Of a long chain its begin and its end are named. */
const NAMED = 6;
const ORDINALS = ['first', 'second', 'third', 'fourth', 'fifth', 'sixth', 'seventh', 'eighth', 'ninth'];

/** What a row of the timeline says of its node, and, of a node that could begin, since when it could. */
export interface Told {
  readonly step: GraphStep;
  readonly node: NodeStateEvent | undefined;
  readonly waitsSince: number | null;
  readonly isInChain: boolean;
}

/** The row for whoever does not see it: `Count lines, succeeded: second attempt: waited 2.0 s, ran 3.1 s`. */
export function sayRow({ step, node, waitsSince, isInChain }: Told, run: RunTime, now: number): string {
  const attempts = node ? attemptsOf(node) : [];
  const first = (node?.attempt ?? 0) - attempts.length + 1;
  const isTried = attempts.length > 1 || first > 1;
  const parts = attempts.map((attempt, index) => {
    const said = sayAttempt(attempt, step.kind, run, now);
    if (!isTried) return said;
    const end = attempt.finishedAt === null ? '' : `, ${STATE_WORDS[attempt.state].toLowerCase()}`;
    return `${sayOrdinal(first + index)} attempt: ${said}${end}`;
  });
  if (waitsSince !== null && waitsSince <= now)
    parts.push(`waits for ${formatDuration(durationIn(run, waitsSince, now))}`);
  const state = STATE_WORDS[node?.state ?? 'pending'].toLowerCase();
  const all = parts.length === 0 ? '' : `: ${parts.join('; ')}`;
  return `${step.title}, ${state}${all}${isInChain ? '; in the longest chain' : ''}`;
}

function sayAttempt(attempt: Attempt, kind: GraphStep['kind'], run: RunTime, now: number): string {
  const { readyAt, startedAt, finishedAt } = attempt;
  const verb = finishedAt === null ? RUNS[kind] : RAN[kind];
  const ran = `${verb} ${formatDuration(tookMs(attempt, run, now))}`;
  if (!hasWaited(attempt)) return ran;
  return `waited ${formatDuration(durationIn(run, readyAt, startedAt))}, ${ran}`;
}
const RAN = { task: 'ran', gate: 'asked for' };
const RUNS = { task: 'runs for', gate: 'asks for' };

/** As it was measured, where it was: the same figure as in every other place. */
export function tookMs({ startedAt, finishedAt, metrics }: Attempt, run: RunTime, now: number): number {
  return metrics?.durationMs ?? durationIn(run, startedAt, finishedAt ?? now);
}

/** `A → B → … 12 more → Y → Z`. */
export function sayChain({ nodeIds }: Chain, titles: ReadonlyMap<string, string>): string {
  const named = nodeIds.map((id) => titles.get(id) ?? id);
  if (named.length <= NAMED) return named.join(' → ');
  const half = NAMED / 2;
  const between = `… ${named.length - NAMED} more …`;
  return [...named.slice(0, half), between, ...named.slice(-half)].join(' → ');
}

function sayOrdinal(count: number): string {
  return ORDINALS[count - 1] ?? `${count}th`;
}
