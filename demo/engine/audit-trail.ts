import type { AuditEntry, ConsoleEvent } from './events.ts';
import { describe } from './gate-events.ts';
import { KEPT_AUDIT_ENTRIES } from './protocol.ts';

/** What a person asked for. */
export type Asked = Pick<AuditEntry, 'action' | 'nodeId'> & { readonly comment?: string };
/** What the server did of its own accord. */
type Done = Pick<AuditEntry, 'action' | 'nodeId' | 'message' | 'cause'> & { readonly at?: number };

/** The first entry of each run. */
export function startEntry(by: string | null, at: number): AuditEntry {
  const entry = { action: 'start', nodeId: null, message: '', comment: '', cause: 'start' } as const;
  return { type: 'audit_entry', number: 1, at, by, outcome: 'done', ...entry };
}

/** Who did what in a run: makes the entries, and none of them twice. */
export class AuditTrail {
  readonly #newest = { people: 0, server: 0 };
  /** What was refused, and what the server did. What a person did is told with the command, which counts once. */
  readonly #told = new Set<string>();
  /** What happened before may be told no more because there was too much. */
  #serverSince = 0;

  /** @param kept what the log has of it. */
  constructor(kept: readonly AuditEntry[]) {
    const ofServer = kept.filter(({ by }) => by === null);
    if (ofServer.length === KEPT_AUDIT_ENTRIES) this.#serverSince = Math.min(...ofServer.map(({ at }) => at));
    for (const { by, number, cause } of kept) {
      const side = sideOf(by);
      this.#newest[side] = Math.max(this.#newest[side], number);
      this.#told.add(cause);
    }
  }

  /** Of a command that is being accepted: belongs into its transaction. */
  accepted({ id, principal }: { id: string; principal: string }, asked: Asked): AuditEntry {
    return this.#entry({ ...asked, by: principal, outcome: 'done', cause: id });
  }

  /** `null`: it was told; a command that was refused comes again where nobody heard the answer. */
  refused(
    { id, principal }: { id: string; principal: string },
    asked: Asked,
    message: string,
  ): AuditEntry | null {
    if (!this.#isNew(id)) return null;
    return this.#entry({ ...asked, by: principal, outcome: 'refused', message, cause: id });
  }

  /** `null`: it was told. */
  didByItself(done: Done): AuditEntry | null {
    if (!this.#isNew(done.cause) || (done.at ?? Number.POSITIVE_INFINITY) < this.#serverSince) return null;
    return this.#entry({ ...done, by: null, outcome: 'done' });
  }

  /** What an event of the run says that the server did; `null`: nothing, or it was told. */
  followsFrom(event: ConsoleEvent): AuditEntry | null {
    const done = doneBy(event);
    return done && this.didByItself(done);
  }

  #entry(
    entry: Pick<AuditEntry, 'action' | 'nodeId' | 'by' | 'outcome' | 'cause'> & Partial<AuditEntry>,
  ): AuditEntry {
    const side = sideOf(entry.by);
    this.#newest[side] += 1;
    const number = this.#newest[side];
    return { type: 'audit_entry', at: Date.now(), message: '', comment: '', ...entry, number };
  }

  #isNew(cause: string): boolean {
    if (this.#told.has(cause)) return false;
    this.#told.add(cause);
    const [oldest = ''] = this.#told;
    if (this.#told.size > 2 * KEPT_AUDIT_ENTRIES) this.#told.delete(oldest);
    return true;
  }
}

function sideOf(by: string | null): 'people' | 'server' {
  return by === null ? 'server' : 'people';
}

/** Of a gate that nobody has decided, a node that is tried again, and one that was broken off. */
function doneBy(event: ConsoleEvent): Done | null {
  if (event.type === 'human_gate_resolved' && event.how !== 'decided') {
    const { nodeId, gateId: cause, at, how } = event;
    if (how === 'cancelled') return { action: 'withdraw', nodeId, message: '', cause, at };
    return { action: 'expire', nodeId, message: describe(event), cause, at };
  }
  if (event.type !== 'node_state') return null;
  const { nodeId, state, attempt, message = '' } = event;
  if (state === 'interrupted')
    return { action: 'interrupt', nodeId, message, cause: `${nodeId} interrupted ${attempt}` };
  if (state === 'pending' && message !== '')
    return { action: 'retry', nodeId, message, cause: `${nodeId} again ${attempt}` };
  return null;
}
