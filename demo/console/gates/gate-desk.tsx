import { useEffect, useRef } from 'react';
import { RUNS_TOPIC } from '../../engine/protocol.ts';
import { sayTooLate } from '../../engine/too-late.ts';
import { useToasts } from '../errors/toasts.ts';
import { useClient, useEvent } from '../trunk.ts';
import { GateDialog } from './gate-dialog.tsx';
import { type Gate, gateOf, isUnsentDecision, sayDecision, sayVerdict, useWaitingGates } from './gates.ts';

interface Props {
  /** Which gate is open in this tab. */
  readonly openGate: string | null;
  readonly onOpen: (gateId: string | null) => void;
  /** The run on the screen. */
  readonly runInView: string | null;
  /** No gate opens by itself, because a script plays in this tab. */
  readonly isQuiet: boolean;
}

/** Takes the gates of all runs: opens their dialog where that disturbs nobody, and tells what became of them. */
export function GateDesk({ openGate, onOpen, runInView, isQuiet }: Props) {
  const client = useClient();
  const toasts = useToasts();
  const gates = useWaitingGates();
  /** Those that were offered, also when they are over: what became of them is told. */
  const known = useRef(new Map<string, Gate>());

  useEvent(RUNS_TOPIC, 'human_gate_waiting', () => {});
  useEvent(RUNS_TOPIC, 'human_gate_resolved', ({ gateId, verdict, how, by, comment }) => {
    const title = known.current.get(gateId)?.title ?? 'A gate';
    const late = client.outbox.get().find(({ command }) => gateOf(command) === gateId);
    const words = {
      decided: `${title} – ${sayVerdict(verdict)} by ${by ?? 'somebody'}${comment === '' ? '' : `: ${comment}`}`,
      expired: `${title} – ${sayVerdict(verdict)}, ${late ? `because ${sayDecision(late)} was too late` : 'because nobody decided in time'}`,
      cancelled: `${title} – closed with its run`,
    };
    toasts.add({ tone: how === 'decided' ? 'success' : 'info', text: words[how] });
  });
  useEffect(
    () =>
      client.outbox.onSettled(({ id, command, outcome }) => {
        if (command.type !== 'human_decision') return;
        if (outcome.status === 'rejected') {
          toasts.add({ tone: 'error', text: `The server refused the decision: ${outcome.message}` });
        } else if (outcome.status === 'expired') {
          const wasSent = (client.outbox.get().find((entry) => entry.id === id)?.attempt ?? 0) > 0;
          const gate = known.current.get(command.gateId);
          const text =
            wasSent && gate
              ? sayTooLate(command.verdict, client.now() - gate.expiresAt, gate.onExpiry)
              : `The gate's time was up before ${sayDecision({ command })} could be sent: there was no line.`;
          toasts.add({ tone: 'error', text });
        }
      }),
    [client, toasts],
  );

  // Each gate opens by itself at most once: a person who closed it, or was typing when it came, has the banner.
  useEffect(() => {
    const fresh = gates.filter(({ gateId }) => !known.current.has(gateId));
    for (const gate of fresh) known.current.set(gate.gateId, gate);
    if (openGate !== null || isQuiet || isBusy()) return;
    const decided = new Set(
      client.outbox
        .get()
        .filter(isUnsentDecision)
        .map(({ command }) => gateOf(command)),
    );
    const undecided = fresh.filter(({ gateId }) => !decided.has(gateId));
    const next = undecided.find(({ runId }) => runId === runInView) ?? undecided[0];
    if (next) onOpen(next.gateId);
  }, [gates, openGate, onOpen, runInView, isQuiet, client]);

  return openGate === null ? null : (
    <GateDialog gateId={openGate} gates={gates} runInView={runInView} onOpen={onOpen} />
  );
}

/** A field has the focus, or another dialog asks something. */
function isBusy(): boolean {
  const { activeElement } = document;
  const isField = activeElement?.matches('input, textarea, select, [contenteditable]') ?? false;
  return isField || document.querySelector('dialog[open]') !== null;
}
