/** What a timeline draws of a node, and what its legend says of that: the two come of one place, so that they agree. */
import type { NodeStateEvent } from '../../engine/events.ts';
import type { NodeState } from '../../engine/protocol.ts';
import type { GraphStep } from '../graph/use-graph.ts';
import { STATE_WORDS } from '../ui/state.tsx';
import { BY_URGENCY } from '../ui/urgency.ts';
import { attemptsOf, hasWaited } from './attempts.ts';

/**
 * `waited`: it could begin, and did not yet. `asked`: a gate, which waits for a person and runs nothing. `ran`: drawn by how that
 * ended, or by its running.
 */
export type Look =
  | { readonly kind: 'waited' | 'asked'; readonly state?: undefined }
  | { readonly kind: 'ran'; readonly state: NodeState };

export type Bar = Look & {
  readonly from: number;
  /** `null`: it goes on. */
  readonly to: number | null;
};

/** In the order of time. */
export function barsOf(
  { kind }: Pick<GraphStep, 'kind'>,
  node: NodeStateEvent | undefined,
  waitsSince: number | null,
): readonly Bar[] {
  const attempts = node ? attemptsOf(node) : [];
  const bars = attempts.flatMap((attempt): Bar[] => {
    const { state, readyAt, startedAt, finishedAt } = attempt;
    const own = { from: startedAt, to: finishedAt };
    const bar: Bar = kind === 'gate' ? { kind: 'asked', ...own } : { kind: 'ran', state, ...own };
    return hasWaited(attempt) ? [{ kind: 'waited', from: readyAt, to: startedAt }, bar] : [bar];
  });
  return waitsSince === null ? bars : [...bars, { kind: 'waited', from: waitsSince, to: null }];
}

/** Of each look that bars have what it means; a wait comes with any run. */
export function legendOf(
  graph: readonly GraphStep[],
  nodes: ReadonlyMap<string, NodeStateEvent>,
): readonly (Look & { readonly meaning: string })[] {
  const bars = graph.flatMap((step) => barsOf(step, nodes.get(`node:${step.nodeId}`), null));
  const states = new Set(bars.map(({ state }) => state));
  return [
    { kind: 'waited', meaning: 'Waited to begin' },
    ...(bars.some(({ kind }) => kind === 'asked')
      ? [{ kind: 'asked', meaning: 'Waited for a person' } as const]
      : []),
    ...BY_URGENCY.filter((state) => states.has(state)).map(
      (state) => ({ kind: 'ran', state, meaning: STATE_WORDS[state] }) as const,
    ),
  ];
}
