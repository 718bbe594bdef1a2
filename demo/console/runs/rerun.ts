/** What the header of a run says of a rerun: that it was asked for, and when it counts, who asked and what waits for its turn. */
import type { AuditEntry, NodeStateEvent, RunStateEvent } from '../../engine/events.ts';
import type { AuditAction } from '../../engine/protocol.ts';
import { type Entry, isPending } from '../gates/gates.ts';
import type { GraphStep } from '../graph/use-graph.ts';
import { sayDeed } from '../history/words.ts';
import { plural } from '../ui/format.ts';

export interface Rerun {
  /** `waiting`: it is in this browser until the line is back. `pending`: the server was asked. */
  readonly state: 'waiting' | 'pending' | 'running';
  readonly text: string;
}

const BY_A_PERSON: ReadonlySet<AuditAction> = new Set(['retry', 'retry_failed', 'rerun_from']);

/** What was asked for counts before what was accepted earlier; `null`: there is nothing to say. */
export function sayRerun({
  run,
  graph,
  entries,
  audit,
  nodes,
  isOnline,
}: {
  run: Pick<RunStateEvent, 'runId' | 'state' | 'finishedAt'>;
  graph: readonly Pick<GraphStep, 'nodeId' | 'title' | 'kind'>[];
  entries: readonly Pick<Entry, 'command' | 'state'>[];
  audit: Iterable<AuditEntry>;
  nodes: Iterable<Pick<NodeStateEvent, 'state'>>;
  isOnline: boolean;
}): Rerun | null {
  const stepOf = (nodeId: string | null) => graph.find((step) => step.nodeId === nodeId);
  const asked = entries.find((entry) => isPending(entry) && isRerunOf(entry.command, run.runId));
  if (asked) {
    const { command } = asked;
    const nodeId = 'nodeId' in command && typeof command.nodeId === 'string' ? command.nodeId : null;
    const what =
      nodeId === null
        ? 'what failed'
        : `“${stepOf(nodeId)?.title ?? nodeId}”${command.type === 'rerun_from' ? ' and what comes after it' : ''}`;
    return isOnline
      ? { state: 'pending', text: `You asked to run ${what} again – waiting for the server.` }
      : {
          state: 'waiting',
          text: `You asked to run ${what} again – it waits in this browser until the connection is back.`,
        };
  }
  if (run.finishedAt !== null || (run.state !== 'running' && run.state !== 'waiting')) return null;
  const newest = newestRerun(audit);
  if (!newest) return null;
  const step = stepOf(newest.nodeId);
  const { before, after } = sayDeed(newest, step?.kind);
  const title = newest.nodeId === null ? '' : `“${step?.title ?? newest.nodeId}”`;
  const deed = [before, title, after].filter((part) => part !== '').join(' ');
  // A node that has never left this state has no event: these were put back.
  let waiting = 0;
  for (const { state } of nodes) if (state === 'pending') waiting += 1;
  const rest = waiting === 0 ? '' : `; ${plural(waiting, 'node')} still to run again`;
  return { state: 'running', text: `It runs again: ${deed}${rest}.` };
}

function isRerunOf(command: Entry['command'], runId: string): boolean {
  const isRerun =
    command.type === 'retry_failed' || command.type === 'retry_node' || command.type === 'rerun_from';
  return isRerun && 'runId' in command && command.runId === runId;
}

function newestRerun(audit: Iterable<AuditEntry>): AuditEntry | null {
  let newest: AuditEntry | null = null;
  for (const entry of audit) {
    if (entry.by === null || entry.outcome !== 'done' || !BY_A_PERSON.has(entry.action)) continue;
    if (newest === null || entry.number > newest.number) newest = entry;
  }
  return newest;
}
