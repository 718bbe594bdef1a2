/** Whether a person's answer to a gate counts: the same rule for whatever has asked. */

import type { CommandOf } from 'trunkline/protocol';
import { Reject } from 'trunkline/server';
import { busy } from './busy.ts';
import type { Commanding } from './commanding.ts';
import type { ResolvedGate, WaitingGate } from './events.ts';
import { resolved } from './gate-events.ts';
import { ANYBODY, type ConsoleProtocol } from './protocol.ts';
import { sayTooLate } from './too-late.ts';

export type Decision = CommandOf<ConsoleProtocol, 'human_decision'>;

/**
 * What becomes of a gate that still waits.
 *
 * @param decidedBy the command that is about to decide it: until the log has that, no other one may
 * @throws Reject where the person may not decide it, another decision is being recorded, or its time is over.
 */
export function judgeDecision(
  gate: WaitingGate,
  { verdict, comment }: Decision,
  { id, principal }: Commanding,
  decidedBy: string | null,
): ResolvedGate {
  if (gate.decidedBy !== ANYBODY && gate.decidedBy !== principal) {
    throw new Reject('not_yours', `Only ${gate.decidedBy} may decide this.`);
  }
  if (decidedBy !== null && decidedBy !== id) throw busy('Another decision is being recorded.');
  const lateMs = Date.now() - gate.expiresAt;
  if (lateMs >= 0) throw new Reject('gate_closed', sayTooLate(verdict, lateMs, gate.onExpiry));
  return resolved(gate, { verdict, how: 'decided', by: principal, comment });
}
