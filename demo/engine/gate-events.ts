/** What is said of a gate: that it waits, that it was decided, and why somebody came too late. */
import type { ConsoleEvent, ResolvedGate, WaitingGate } from './events.ts';
import type { Gate } from './pipeline.ts';
import { RUNS_TOPIC, runTopic } from './protocol.ts';
import { sayTooLate } from './too-late.ts';

/** Of one thing to decide on; a gate must fit into an event. */
const SHOWN_CHARACTERS = 50_000;

/** @param read a file of the run's folder. */
export async function askAt(
  gate: Gate,
  about: { runId: string; attempt: number },
  read: (file: string) => Promise<string>,
): Promise<WaitingGate> {
  const { title, show, decidedBy, timeLimitSeconds, onExpiry } = gate.gate;
  const shown = await Promise.all(
    show.map(async (item) => ({
      label: item.label,
      text: cut('text' in item ? item.text : await read(item.file).catch(() => `(there is no ${item.file})`)),
    })),
  );
  const askedAt = Date.now();
  return {
    type: 'human_gate_waiting',
    runId: about.runId,
    // Each time it is asked is a decision of its own.
    gateId: `${about.runId}/${gate.id}/${about.attempt}`,
    nodeId: gate.id,
    title,
    show: shown,
    decidedBy,
    askedAt,
    expiresAt: askedAt + timeLimitSeconds * 1_000,
    onExpiry,
  };
}

export function resolved(
  { runId, gateId, nodeId, title, expiresAt }: WaitingGate,
  how: Pick<ResolvedGate, 'verdict' | 'how'> & Partial<Pick<ResolvedGate, 'by' | 'comment'>>,
): ResolvedGate {
  const rest = { by: null, comment: '', ...how };
  return { type: 'human_gate_resolved', runId, gateId, nodeId, title, ...rest, at: Date.now(), expiresAt };
}

/**
 * A gate that goes on after a restart, with as much time as it had left when the server ended.
 *
 * @param lastAlive when a server was there last
 * @returns `null` where no time was lost
 */
export function goesOn(gate: WaitingGate, lastAlive: number, now: number): WaitingGate | null {
  // A server may have ended again before it could say that it was there: what it has told counts all the same.
  const since = Math.max(lastAlive, gate.askedAt, gate.stoodStill?.until ?? 0);
  const lostMs = now - since;
  if (lostMs <= 0) return null;
  const stoodStill = { ms: (gate.stoodStill?.ms ?? 0) + lostMs, until: now };
  return { ...gate, expiresAt: gate.expiresAt + lostMs, stoodStill };
}

/** `approved by Ada: looks good` */
export function describe({ verdict, how, by, comment }: ResolvedGate): string {
  const verb = verdict === 'approve' ? 'approved' : 'rejected';
  if (how === 'cancelled') return 'was withdrawn';
  if (how === 'expired') return `${verb}, because nobody decided in time`;
  return `${verb} by ${by ?? 'somebody'}${comment === '' ? '' : `: ${comment}`}`;
}

/** Why a decision comes too late: what became of the gate before it. */
export function sayClosed(before: ResolvedGate, verdict: ResolvedGate['verdict']): string {
  if (before.how !== 'expired') return `It was ${describe(before)}.`;
  return sayTooLate(verdict, Date.now() - (before.expiresAt ?? before.at), before.verdict);
}

/** What is told in the list as well: how a run stands, and its gates, which ask whoever is there, whatever they look at. */
export function inBothTopics<E extends ConsoleEvent & { readonly runId: string }>(event: E): [string, E][] {
  return [
    [runTopic(event.runId), event],
    [RUNS_TOPIC, event],
  ];
}

function cut(text: string): string {
  if (text.length <= SHOWN_CHARACTERS) return text.toWellFormed();
  return `${text.slice(0, SHOWN_CHARACTERS).toWellFormed()}\n(cut off here: ${text.length.toLocaleString('en')} characters in all)`;
}
