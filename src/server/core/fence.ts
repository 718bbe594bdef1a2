/** Which connection of a client counts: the one of the higher term. A replaced one is stopped by `Session.supersede`. */
import type { ClientKey, Principal } from '../log/event-log.ts';
import { clientText } from './client-text.ts';

/** A connection, as the fence sees it. */
export interface Contender {
  readonly client: ClientKey;
  readonly term: number;
  /** Where it comes from; empty where that is unknown. */
  readonly address: string;
  /** In the order in which the `hello`s arrived. */
  readonly number: number;
  /** Of its admission in the log. */
  readonly position: number;
  /** Another connection of the client takes its place: none of its commands may begin or be committed from here on. */
  supersede(): void;
}

/** How long the term of a client without a connection is remembered, and of how many. */
const FENCE_MS = 600_000;
const FENCES_LIMIT = 100_000;

/** One connection for each client: the higher term wins, at equal terms the later `hello`. */
export class Fence {
  readonly #holders = new Map<string, Contender>();
  /** Of clients without a connection, the longest gone first. */
  readonly #fences = new Map<string, { readonly holder: Contender; readonly endedAt: number }>();
  /** Clients that another server has admitted last: where in the log, and when this one heard of it. */
  readonly #elsewhere = new Map<string, { readonly position: number; readonly at: number }>();
  #hellos = 0;
  readonly #byPrincipal = new Map<Principal, Set<Contender>>();
  readonly #byAddress = new Map<string, Set<Contender>>();

  /** A `hello` has arrived: its place among all of them. */
  arrived(): number {
    return ++this.#hellos;
  }

  /** False where a connection of a higher term, or of a later `hello`, was here before, or one is elsewhere meanwhile. */
  admit(contender: Contender): boolean {
    const key = clientText(contender.client);
    if ((this.#elsewhere.get(key)?.position ?? 0) > contender.position) return false;
    this.#elsewhere.delete(key);
    const holder = this.#holders.get(key) ?? this.#fences.get(key)?.holder;
    if (holder) {
      if (contender.term < holder.term) return false;
      if (contender.term === holder.term && contender.number < holder.number) return false;
      this.#uncount(holder);
      holder.supersede();
    }
    this.#fences.delete(key);
    this.#holders.set(key, contender);
    add(this.#byPrincipal, contender.client.principal, contender);
    add(this.#byAddress, contender.address, contender);
    return true;
  }

  /** Another server has admitted the client: what it has here counts no more, unless it was admitted later. */
  admittedElsewhere(client: ClientKey, position: number, now: number): void {
    const key = clientText(client);
    const holder = this.#holders.get(key) ?? this.#fences.get(key)?.holder;
    if (holder && holder.position > position) return;
    this.#elsewhere.set(key, { position, at: now });
    this.#holders.delete(key);
    this.#fences.delete(key);
    if (!holder) return;
    this.#uncount(holder);
    holder.supersede();
  }

  left(contender: Contender, now: number): void {
    this.#uncount(contender);
    const key = clientText(contender.client);
    if (this.#holders.get(key) !== contender) return;
    this.#holders.delete(key);
    this.#fences.set(key, { holder: contender, endedAt: now });
    const [longestGone] = this.#fences.keys();
    if (this.#fences.size > FENCES_LIMIT && longestGone !== undefined) this.#fences.delete(longestGone);
  }

  /** Connections of this client's principal that are not this client's own. */
  othersOf({ principal, clientId }: ClientKey): number {
    const connections = [...(this.#byPrincipal.get(principal) ?? [])];
    return connections.filter(({ client }) => client.clientId !== clientId).length;
  }

  /** Connections from this address that are not this client's own; 0 where the address is unknown. */
  othersFrom(address: string, client: ClientKey): number {
    if (address === '') return 0;
    const connections = this.#byAddress.get(address);
    const own = this.#holders.get(clientText(client));
    return (connections?.size ?? 0) - (own && connections?.has(own) ? 1 : 0);
  }

  #uncount(contender: Contender): void {
    remove(this.#byPrincipal, contender.client.principal, contender);
    remove(this.#byAddress, contender.address, contender);
  }

  prune(now: number): void {
    for (const [key, { endedAt }] of this.#fences) {
      if (endedAt < now - FENCE_MS) this.#fences.delete(key);
    }
    for (const [key, { at }] of this.#elsewhere) if (at < now - FENCE_MS) this.#elsewhere.delete(key);
  }
}

function add(groups: Map<string, Set<Contender>>, name: string, contender: Contender): void {
  const group = groups.get(name) ?? new Set();
  groups.set(name, group.add(contender));
}

function remove(groups: Map<string, Set<Contender>>, name: string, contender: Contender): void {
  const group = groups.get(name);
  group?.delete(contender);
  if (group?.size === 0) groups.delete(name);
}
