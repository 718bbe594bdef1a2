import { useEffect, useState } from 'react';
import type { WaitingGate } from '../../engine/events.ts';
import { RUNS_TOPIC } from '../../engine/protocol.ts';
import { useClient, useEvent } from '../trunk.ts';
import { GateDialog } from './gate-dialog.tsx';
import { gateOf, isUnsentDecision, useWaitingGates } from './gates.ts';
import { useOutcomes } from './use-outcomes.ts';

interface Props {
  /** Who is signed in. */
  readonly name: string;
  /** Which gate is open in this tab. */
  readonly openGate: string | null;
  readonly onOpen: (gateId: string | null) => void;
  /** The run on the screen. */
  readonly runInView: string | null;
  /** No gate opens by itself, because a script plays in this tab. */
  readonly isQuiet: boolean;
}

/** Takes the gates of all runs: opens their dialog where that disturbs nobody, and tells what became of them. */
export function GateDesk({ name, openGate, onOpen, runInView, isQuiet }: Props) {
  const client = useClient();
  const gates = useWaitingGates();
  /** Those that were offered, also when they are over: what became of them is told. */
  const [known] = useState(() => new Map<string, WaitingGate>());
  const [openedByItself, setOpenedByItself] = useState<string | null>(null);
  /** What was written of a gate stays until it is decided. */
  const [comments, setComments] = useState<ReadonlyMap<string, string>>(new Map());

  useEvent(RUNS_TOPIC, 'human_gate_waiting', () => {});
  useOutcomes(known, name);

  // Each gate opens by itself at most once: a person who closed it, or was typing when it came, has the banner.
  useEffect(() => {
    const fresh = gates.filter(({ gateId }) => !known.has(gateId));
    for (const gate of gates) known.set(gate.gateId, gate);
    if (openGate !== null || isQuiet || isBusy()) return;
    const decided = new Set(
      client.outbox
        .get()
        .filter(isUnsentDecision)
        .map(({ command }) => gateOf(command)),
    );
    const undecided = fresh.filter(({ gateId }) => !decided.has(gateId));
    const next = undecided.find(({ runId }) => runId === runInView) ?? undecided[0];
    if (!next) return;
    setOpenedByItself(next.gateId);
    onOpen(next.gateId);
  }, [gates, known, openGate, onOpen, runInView, isQuiet, client]);
  useEffect(() => {
    if (openGate === null) setOpenedByItself(null);
  }, [openGate]);

  const isAsked = openGate !== openedByItself;
  return (
    <>
      <p className="sr-only" role="status">
        {openGate !== null && !isAsked && `Decision needed: ${known.get(openGate)?.title}`}
      </p>
      {openGate !== null && (
        <GateDialog
          gateId={openGate}
          gates={gates}
          runInView={runInView}
          isAsked={isAsked}
          comment={comments.get(openGate) ?? ''}
          onComment={(gateId, comment) => setComments((before) => new Map(before).set(gateId, comment))}
          onOpen={onOpen}
        />
      )}
    </>
  );
}

/** A field has the focus, or another dialog asks something. */
function isBusy(): boolean {
  const { activeElement } = document;
  const isField = activeElement?.matches('input, textarea, select, [contenteditable]') ?? false;
  return isField || document.querySelector('dialog[open]') !== null;
}
