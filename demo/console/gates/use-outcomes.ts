import { useEffect, useRef } from 'react';
import type { Outcome } from 'trunkline';
import type { WaitingGate } from '../../engine/events.ts';
import { RUNS_TOPIC } from '../../engine/protocol.ts';
import { type Toast, useToasts } from '../errors/toasts.ts';
import { goTo } from '../route.ts';
import { useClient, useEvent } from '../trunk.ts';
import { decisionsMade, forgetDecision, keepDecision, type MadeDecision } from './decisions-made.ts';
import { gateOf, sayDecision, sayVerdict, useUnsentDecisions } from './gates.ts';

type Told = Pick<Toast, 'tone' | 'text'>;

/** Tells what became of gates, whoever decided them, and of the decisions of this browser, each with the way to its run. */
export function useOutcomes(known: ReadonlyMap<string, WaitingGate>, name: string): void {
  const client = useClient();
  const toasts = useToasts();
  const unsent = useUnsentDecisions();
  const isTold = useRef(new Set<string>());

  useEvent(RUNS_TOPIC, 'human_gate_resolved', (gate) => {
    const { runId, nodeId, gateId, verdict, how, by, comment } = gate;
    const title = known.get(gateId)?.title ?? gate.title ?? 'A gate';
    const late = client.outbox.get().find(({ command }) => gateOf(command) === gateId);
    const words = {
      decided: `${title} – ${sayVerdict(verdict)} by ${by ?? 'somebody'}${comment === '' ? '' : `: ${comment}`}`,
      expired: `${title} – ${sayVerdict(verdict)}, ${late ? `because ${sayDecision(late)} was too late` : 'because nobody decided in time'}`,
      cancelled: `${title} – closed with its run`,
    };
    const tone = how === 'decided' ? 'success' : 'info';
    toasts.add({ tone, text: words[how], runIds: [runId], action: showRun(runId, nodeId) });
  });

  useEffect(() => {
    for (const entry of unsent) {
      const gateId = gateOf(entry.command);
      if (gateId === null || isTold.current.has(entry.id)) continue;
      keepDecision(entry, known.get(gateId)?.title ?? 'a gate', name);
    }
  }, [unsent, known, name]);

  useEffect(() => {
    const tell = ({ id, runId }: Pick<MadeDecision, 'id' | 'runId'>, told: Told | null) => {
      if (isTold.current.has(id)) return;
      isTold.current.add(id);
      if (told) toasts.add({ ...told, runIds: [runId], action: showRun(runId) });
      // Where nobody looks, the next page tells it again.
      if (document.visibilityState === 'visible') forgetDecision(id);
    };
    for (const decision of decisionsMade(name)) {
      client.outbox.settled(decision.id).then(
        (outcome) => outcome && tell(decision, sayOutcome(decision, outcome)),
        // Nobody could say: the next page asks again.
        () => {},
      );
    }
    return client.outbox.onSettled(({ id, command, outcome }) => {
      if (command.type !== 'human_decision') return;
      const { runId, gateId, verdict } = command;
      const title = known.get(gateId)?.title ?? 'a gate';
      // That it was accepted is told by its gate.
      const told = outcome.status === 'accepted' ? null : sayOutcome({ title, verdict }, outcome);
      tell({ id, runId }, told);
    });
  }, [client, toasts, known, name]);
}

function showRun(runId: string, nodeId: string | null = null): NonNullable<Toast['action']> {
  return { label: 'Show run', run: () => goTo({ runId, nodeId }) };
}

/** `null`: there is nothing to say. */
function sayOutcome(
  { title, verdict }: Pick<MadeDecision, 'title' | 'verdict'>,
  outcome: Outcome,
): Told | null {
  const what = `${verdict === 'approve' ? 'Your approval' : 'Your rejection'} of “${title}”`;
  switch (outcome.status) {
    case 'accepted':
      return { tone: 'success', text: `${what} was accepted.` };
    case 'rejected':
      return { tone: 'error', text: `The server refused the decision: ${outcome.message}` };
    case 'expired':
    case 'dropped':
      return { tone: 'error', text: `${what} was never sent, and does not count.` };
    case 'uncertain':
      return { tone: 'error', text: `Whether ${what.toLowerCase()} counts is not known: look at the run.` };
    case 'cancelled':
      return { tone: 'info', text: `${what} was taken back.` };
    case 'forgotten':
      return { tone: 'info', text: `${what} ended so long ago that only its run tells how.` };
    default:
      return null;
  }
}
