import { useEffect } from 'react';
import { RUNS_TOPIC } from '../../engine/protocol.ts';
import { useUndecidedGates } from '../gates/gates.ts';
import { useLatest } from '../trunk.ts';

const CONSOLE = 'Trunkline console';
const ICON_WAITING = new URL('../icon-waiting.svg', import.meta.url).href;

/** The tab says in its title and its icon what waits for a person, in whichever run, so that it is seen from another tab. */
export function TabTitle({ runId }: { runId: string | null }): null {
  const gates = useUndecidedGates();
  const asking = gates[0]?.runId ?? null;
  const shown = useLatest(RUNS_TOPIC, 'run_state', `run:${asking ?? runId}`)?.title;
  const isWaiting = asking !== null;
  const what = isWaiting ? `(${gates.length}) Decision needed` : null;
  const title = [what, shown ?? null, isWaiting ? null : CONSOLE].filter((part) => part !== null).join(' – ');

  useEffect(() => {
    document.title = title;
    return () => {
      document.title = CONSOLE;
    };
  }, [title]);
  useEffect(() => (isWaiting ? showIcon(ICON_WAITING) : undefined), [isWaiting]);
  return null;
}

/** Answers how to take it back. */
function showIcon(href: string): () => void {
  const link = document.querySelector<HTMLLinkElement>('link[rel="icon"]');
  if (!link) return () => {};
  const before = link.href;
  link.href = href;
  return () => {
    link.href = before;
  };
}
