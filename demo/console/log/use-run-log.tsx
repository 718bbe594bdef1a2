import { createContext, type ReactNode, useContext } from 'react';
import type { AnyEvent } from '../../engine/events.ts';
import { runTopic } from '../../engine/protocol.ts';
import { useView } from '../trunk.ts';
import { RunLog } from './run-log.ts';

/** Another object with each change. */
interface Gathered {
  readonly log: RunLog;
}

const Context = createContext<Gathered | null>(null);

/** Gathers the lines of a run as long as it is in view, so that none is lost with a panel that closes. */
export function RunLogProvider({ runId, children }: { runId: string; children: ReactNode }) {
  const gathered = useView<Gathered | null>(runTopic(runId), null, gather);
  return <Context value={gathered}>{children}</Context>;
}

/** `null` until the run's state has come. */
export function useRunLog(): RunLog | null {
  return useContext(Context)?.log ?? null;
}

/** At each beginning there is another log: what a snapshot holds replaces what was there. */
function gather(before: Gathered | null, event: AnyEvent): Gathered {
  const known = before ?? { log: new RunLog() };
  if (event.type !== 'log') return known;
  known.log.add(event);
  return { log: known.log };
}
