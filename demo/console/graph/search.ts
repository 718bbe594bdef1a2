import type { GraphStep } from './use-graph.ts';

/** The nodes whose title or id has the words in it, in the order of the graph; none without words. */
export function findMatches(graph: readonly GraphStep[], words: string): string[] {
  const wanted = words.trim().toLowerCase();
  if (wanted === '') return [];
  return graph
    .filter(({ nodeId, title }) => `${title}\n${nodeId}`.toLowerCase().includes(wanted))
    .map(({ nodeId }) => nodeId);
}

/** The one after the selected one, or before it; beyond the last one the first again. */
export function nextMatch(matches: readonly string[], selected: string | null, by: 1 | -1): string | null {
  const at = selected === null ? -1 : matches.indexOf(selected);
  const next = at === -1 ? (by === 1 ? 0 : -1) : (at + by) % matches.length;
  return matches.at(next) ?? null;
}
