import type { ClientKey, Principal } from '../log/event-log.ts';

/** A connection, as the fence sees it. */
export interface Contender {
  readonly client: ClientKey;
  readonly term: number;
  /** In the order in which the sockets were opened. */
  readonly number: number;
  /** Another connection of the client takes its place: none of its commands may run from here on. */
  supersede(): void;
}

/** How long the term of a client without a connection is remembered, and of how many. */
const FENCE_MS = 600_000;
const FENCES_LIMIT = 100_000;

/** One connection for each client: the higher term wins, at equal terms the newer socket. */
export class Clients {
  readonly #holders = new Map<string, Contender>();
  /** Of clients without a connection, the longest gone first. */
  readonly #fences = new Map<string, { readonly holder: Contender; readonly endedAt: number }>();
  readonly #connections = new Map<Principal, Set<Contender>>();

  /** False where a connection of a higher term, or a newer socket, was here before. */
  admit(contender: Contender): boolean {
    const key = keyOf(contender.client);
    const holder = this.#holders.get(key) ?? this.#fences.get(key)?.holder;
    if (holder) {
      if (contender.term < holder.term) return false;
      if (contender.term === holder.term && contender.number < holder.number) return false;
      this.#connections.get(holder.client.principal)?.delete(holder);
      holder.supersede();
    }
    this.#fences.delete(key);
    this.#holders.set(key, contender);
    const { principal } = contender.client;
    const connections = this.#connections.get(principal) ?? new Set();
    this.#connections.set(principal, connections.add(contender));
    return true;
  }

  left(contender: Contender, now: number): void {
    const { principal } = contender.client;
    const connections = this.#connections.get(principal);
    connections?.delete(contender);
    if (connections?.size === 0) this.#connections.delete(principal);
    const key = keyOf(contender.client);
    if (this.#holders.get(key) !== contender) return;
    this.#holders.delete(key);
    this.#fences.set(key, { holder: contender, endedAt: now });
    const [longestGone] = this.#fences.keys();
    if (this.#fences.size > FENCES_LIMIT && longestGone !== undefined) this.#fences.delete(longestGone);
  }

  /** Connections of this client's principal that are not this client's own. */
  othersOf({ principal, clientId }: ClientKey): number {
    const connections = [...(this.#connections.get(principal) ?? [])];
    return connections.filter(({ client }) => client.clientId !== clientId).length;
  }

  prune(now: number): void {
    for (const [key, { endedAt }] of this.#fences) {
      if (endedAt < now - FENCE_MS) this.#fences.delete(key);
    }
  }
}

function keyOf({ principal, clientId }: ClientKey): string {
  return JSON.stringify([principal, clientId]);
}
