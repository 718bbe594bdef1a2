import { useMemo } from 'react';
import type { OutboxEntry } from 'trunkline';
import type { ResolvedGate, WaitingGate } from '../../engine/events.ts';
import type { ConsoleProtocol } from '../../engine/protocol.ts';
import { RUNS_TOPIC } from '../../engine/protocol.ts';
import { useLatest, useOutbox } from '../trunk.ts';

export type Entry = OutboxEntry<ConsoleProtocol>;
export type Verdict = ResolvedGate['verdict'];

const PENDING = new Set<Entry['state']>(['queued', 'sent', 'waiting', 'withdrawing']);

/** The gates that wait for a decision, the one that expires first at the front. */
export function useWaitingGates(): readonly WaitingGate[] {
  const gates = useLatest(RUNS_TOPIC, 'human_gate_waiting');
  return useMemo(
    () => [...gates.values()].sort((a, b) => a.expiresAt - b.expiresAt || a.askedAt - b.askedAt),
    [gates],
  );
}

/** Decisions that the server has not accepted yet, of whichever tab. */
export function useUnsentDecisions(): readonly Entry[] {
  const entries = useOutbox();
  return useMemo(() => entries.filter(isUnsentDecision), [entries]);
}

/** Those of the waiting gates that nobody in this browser has decided. */
export function useUndecidedGates(): readonly WaitingGate[] {
  const gates = useWaitingGates();
  const unsent = useUnsentDecisions();
  return useMemo(() => {
    const decided = new Set(unsent.map(({ command }) => gateOf(command)));
    return gates.filter(({ gateId }) => !decided.has(gateId));
  }, [gates, unsent]);
}

export function isUnsentDecision(entry: Entry): boolean {
  return entry.command.type === 'human_decision' && isPending(entry);
}

/** It has not ended: the server may still run it, or say what became of it. */
export function isPending({ state }: Pick<Entry, 'state'>): boolean {
  return PENDING.has(state);
}

/** `undefined`: nobody has decided this gate in this browser. */
export function useDecision(gateId: string): Entry | undefined {
  const unsent = useUnsentDecisions();
  return unsent.find(({ command }) => gateOf(command) === gateId);
}

export function gateOf(command: Entry['command']): string | null {
  return command.type === 'human_decision' && typeof command.gateId === 'string' ? command.gateId : null;
}

/** `your approval`; all of them are of the person who is signed in. */
export function sayDecision({ command }: Pick<Entry, 'command'>): string {
  return 'verdict' in command && command.verdict === 'approve' ? 'your approval' : 'your rejection';
}

export function sayVerdict(verdict: Verdict): string {
  return verdict === 'approve' ? 'approved' : 'rejected';
}
