import { useMemo } from 'react';
import type { NodeStateEvent, RunStateEvent } from '../../engine/events.ts';
import type { GraphStep } from '../graph/use-graph.ts';
import { durationIn } from '../runs/run-time.ts';
import { formatDuration } from '../ui/format.ts';
import { legendOf } from './bars.ts';
import type { Chain } from './longest-chain.ts';
import { sayChain } from './words.ts';

/** The critical path in words, and what the signs of the rows mean. */
export function ChainWords({
  run,
  graph,
  nodes,
  chain,
  now,
  isAlone,
  onAlone,
}: {
  run: RunStateEvent;
  graph: readonly GraphStep[];
  nodes: ReadonlyMap<string, NodeStateEvent>;
  chain: Chain | null;
  now: number;
  isAlone: boolean;
  onAlone: (isAlone: boolean) => void;
}) {
  const titles = useMemo(() => new Map(graph.map(({ nodeId, title }) => [nodeId, title])), [graph]);
  const legend = useMemo(() => legendOf(graph, nodes), [graph, nodes]);
  const all = formatDuration(durationIn(run, run.startedAt, now));
  return (
    <div className="timeline-chain">
      <p>
        {chain === null ? (
          'Nothing has begun yet.'
        ) : (
          <>
            The longest chain {run.finishedAt === null ? 'has taken' : 'took'}{' '}
            <strong className="tabular">{formatDuration(durationIn(run, 0, chain.ms))}</strong> of{' '}
            <span className="tabular">{all}</span>: {sayChain(chain, titles)}
          </>
        )}
      </p>
      <button type="button" className="button small" aria-pressed={isAlone} onClick={() => onAlone(!isAlone)}>
        These alone
      </button>
      <ul className="timeline-legend">
        {legend.map(({ kind, state, meaning }) => (
          <li key={meaning}>
            <span className="timeline-bar" data-kind={kind} data-state={state} /> {meaning}
          </li>
        ))}
        <li>
          <span className="timeline-chain-sign" /> In the longest chain
        </li>
      </ul>
    </div>
  );
}
