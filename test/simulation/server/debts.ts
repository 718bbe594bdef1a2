import type { ClientKey, From } from '../../../src/server/log/event-log.ts';

/** What a log was told that a client owes. */
export interface Debt {
  readonly client: ClientKey;
  readonly topic: string;
  /** Absent: of whichever the topic was in. */
  readonly epoch?: string | undefined;
  /** All is recorded up to here. */
  readonly upTo?: number | undefined;
}

/** A client in a topic. */
export interface Whose {
  readonly clientId: string;
  readonly topic: string;
  readonly epoch: string;
}

interface Claim {
  readonly from: From;
  readonly holds: () => boolean;
}

/**
 * From where on each client owes critical events, whatever its cursor: from what it has said that it knows when it was answered;
 * and beyond what is recorded already.
 */
export class Debts {
  readonly #said = new Map<string, Claim[]>();
  readonly #recorded = new Map<string, number>();

  /** It was answered, and had said so. */
  said(whose: Whose, from: From): void {
    const name = nameOf(whose);
    this.#said.set(name, [...(this.#said.get(name) ?? []), { from, holds: () => true }]);
  }

  /** It was answered that the topic is at this offset, and had said nothing: what it knew before, it has lost before it was stored. */
  saidNothing(whose: Whose, offset: number, holds: () => boolean): void {
    this.#said.set(nameOf(whose), [{ from: { after: offset }, holds }]);
  }

  recorded({ client: { clientId }, topic, epoch, upTo }: Debt): void {
    if (epoch === undefined || upTo === undefined) return;
    const name = nameOf({ clientId, topic, epoch });
    this.#recorded.set(name, Math.min(upTo, this.#recorded.get(name) ?? upTo));
  }

  /** The log does not know of them any more. */
  forgotten(): void {
    this.#said.clear();
    this.#recorded.clear();
  }

  include(whose: Whose, { offset, ts }: { offset: number; ts: number }): boolean {
    const name = nameOf(whose);
    if (offset > (this.#recorded.get(name) ?? Infinity)) return true;
    const said = this.#said.get(name) ?? [];
    return said.some(
      ({ from, holds }) => holds() && ('after' in from ? offset > from.after : ts >= from.since),
    );
  }
}

function nameOf({ clientId, topic, epoch }: Whose): string {
  return `${clientId} ${topic} ${epoch}`;
}
