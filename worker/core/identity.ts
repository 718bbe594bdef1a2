/** Whom the server takes this browser for, and what is done where that is not whom the outbox belongs to. */
import type { ClientFrameOf } from '../../src/protocol/frames/index.ts';
import type { Context } from './context.ts';
import type { StoredMeta, StoreOp } from './store.ts';
import type { StoreWriter } from './store-writer.ts';

/** Whose the outbox is. Commands leave only when that is known and stored. */
type Binding = { state: 'unbound' } | { state: 'binding' | 'bound'; principal: string };

export interface IdentityOwner {
  /** It is known whose the outbox is. */
  named(): void;
  /** Whose the outbox is has come to be stored: commands may leave. */
  bound(): void;
  /** The server takes this browser for another person than the outbox belongs to. */
  mismatched(message: string): void;
}

/** By which name the server knows this browser, and whose its outbox is: the first person that the server named. */
export class Identity {
  readonly #context: Context;
  readonly #writer: StoreWriter;
  readonly #owner: IdentityOwner;
  /** For the time in which there is no store to keep one. */
  readonly #freshClientId: string;
  /** `null`: the store is still to say. */
  #clientId: string | null = null;
  #binding: Binding = { state: 'unbound' };
  /** Times in a row that the server took our name for somebody else's. */
  #mismatches = 0;
  /** Another name, kept if the server lets the outbox's owner in under it. */
  #nameOnTrial: string | null = null;

  constructor(context: Context, writer: StoreWriter, owner: IdentityOwner) {
    this.#context = context;
    this.#writer = writer;
    this.#owner = owner;
    this.#freshClientId = context.uuid();
  }

  /** Whose the outbox is, is on its way to the store: until it is there nothing may leave. */
  get isBinding(): boolean {
    return this.#binding.state === 'binding';
  }

  /** Takes over what the store says. `ops`: what it lacks. */
  adopt({ clientId, principal }: StoredMeta): {
    ops: readonly StoreOp[];
    isOtherPrincipal: boolean;
    isOtherName: boolean;
  } {
    const isOtherName = this.#clientId !== null && this.#clientId !== clientId;
    this.#clientId = clientId;
    const ops: StoreOp[] = [];
    const known = this.principal;
    if (principal === null) {
      if (known !== null) ops.push({ op: 'set', fields: { principal: known } });
    } else if (principal !== known) this.#binding = { state: 'bound', principal };
    return {
      ops,
      isOtherPrincipal: known !== null && principal !== null && principal !== known,
      isOtherName,
    };
  }

  /** There is no store, for now. */
  adoptFresh(): void {
    this.#clientId = this.#freshClientId;
  }

  /** Whose the outbox is; `null`: nobody has said it yet. */
  get principal(): string | null {
    return this.#binding.state === 'unbound' ? null : this.#binding.principal;
  }

  /** A page was told by an earlier hub whose its commands are: the store that said so may be lost. */
  claimed(principal: string): void {
    if (this.#binding.state === 'unbound') this.#bind(principal);
  }

  /** Whether commands of that person are another's than the outbox. `undefined`: of whoever it is. */
  isAnothers(principal: string | undefined): boolean {
    return principal !== undefined && this.principal !== null && principal !== this.principal;
  }

  get clientId(): ClientFrameOf['hello']['client_id'] {
    return this.#nameOnTrial ?? this.#clientId ?? this.#freshClientId;
  }

  /** The first principal owns the outbox. False for another one. */
  welcomed(principal: string): boolean {
    if (this.#binding.state === 'unbound') {
      this.#bind(principal);
      return true;
    }
    if (this.#binding.principal === principal) {
      if (this.#nameOnTrial !== null) this.#rename(this.#nameOnTrial);
      this.#nameOnTrial = null;
      this.#mismatches = 0;
      return true;
    }
    const message = 'the server takes this browser for another person than the outbox belongs to';
    this.#context.log('warn', message);
    this.#owner.mismatched(message);
    if (this.#nameOnTrial === null) this.#rename(this.#context.uuid());
    this.#nameOnTrial = null;
    return false;
  }

  /**
   * A server that has welcomed a stranger under our client id had forgotten whose it was, and takes it for the stranger's
   * from then on: the owner of this outbox would be turned away for good. So the second time in a row another name is
   * tried, which is kept if it is let in as the owner.
   *
   * @returns whether to try at once under another name.
   */
  turnedAway(): boolean {
    const isFirst = this.#nameOnTrial === null && ++this.#mismatches < 2;
    const isTried = this.#nameOnTrial !== null;
    this.#nameOnTrial = isFirst || isTried ? null : this.#context.uuid();
    if (!isFirst) this.#mismatches = 0;
    return this.#nameOnTrial !== null;
  }

  #bind(principal: string): void {
    this.#context.assert(this.#binding.state === 'unbound', 'the outbox gets a second owner');
    this.#binding = { state: 'binding', principal };
    this.#owner.named();
    this.#writer.write([{ op: 'set', fields: { principal } }], 'strict', () => this.#bound());
  }

  /** The store has answered. What it has not, it is given when it is read anew. */
  #bound(): void {
    if (this.#binding.state === 'binding') this.#binding = { ...this.#binding, state: 'bound' };
    this.#owner.bound();
  }

  /** Accepted ids are remembered by principal, so that a new name does not make a command run twice. */
  #rename(clientId: string): void {
    this.#clientId = clientId;
    this.#writer.write([{ op: 'set', fields: { clientId } }], 'strict', () => {});
  }
}
