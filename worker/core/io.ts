/**
 * All that goes into the hub's state machine and all that comes out of it. The shell in `worker/shell` turns
 * what its platform tells into inputs, and effects into what it asks of the platform.
 */
import type { PortCall } from '../../src/protocol/calls.ts';
import type { Diagnosis } from '../../src/protocol/model.ts';
import type { AttachRequest, Batch, Reply } from '../../src/protocol/port.ts';
import type { Message } from './dialect/dialect.ts';
import type { StateAnswer, StateAsk } from './state-store.ts';
import type { LoadedState, StoreFailure, StoreTransaction } from './store.ts';

/** A tab's number within its hub; never used twice. */
export type TabId = number;

export type Input =
  /** This hub owns the socket and the store from now on (or again, after `reopen_store`). */
  | { type: 'store_opened'; state: LoadedState }
  /** This hub owns the socket, but there is no store (for now). */
  | { type: 'store_failed'; failure: StoreFailure; message: string }
  | { type: 'committed'; transaction: number }
  | { type: 'commit_failed'; transaction: number; failure: StoreFailure; message: string }
  | { type: 'saved_state'; answer: StateAnswer }
  | { type: 'socket_opened'; generation: number }
  | { type: 'socket_message'; generation: number; data: Message }
  | { type: 'socket_closed'; generation: number; code: number; reason: string }
  /** Answers `measure_socket`. */
  | { type: 'socket_measured'; generation: number; bufferedBytes: number }
  /** Answers `diagnose`. */
  | { type: 'diagnosed'; outage: number; diagnosis: Diagnosis }
  | { type: 'tab_attached'; tab: TabId; request: AttachRequest }
  /** Its lease was granted to us, or it detached. */
  | { type: 'tab_gone'; tab: TabId }
  /** The tab's reply to `deliver`. */
  | { type: 'credit'; tab: TabId }
  /** So long it took to carry out the `deliver` effects of the last step, in milliseconds and fractions of them. */
  | { type: 'handed_out'; ms: number }
  /** A call of the tab that is answered by a `reply` effect with the same number. */
  | { type: 'call'; tab: TabId; call: number; request: PortCall }
  /** Another hub of this browser is to own from now on: finish, and `end`. */
  | { type: 'hand_over' }
  /** The same where no line can be had: another one may get one. Else one is tried for at once. */
  | { type: 'give_way' }
  /** The same, unless there is a tab, or something to do. */
  | { type: 'retire' }
  /** The clock passed `deadline`. */
  | { type: 'deadline' };

export type Effect =
  /** Only ever with no other socket alive: `drop_socket` of the former generation came before. */
  | { type: 'open_socket'; generation: number; url: string; subprotocol: string | null }
  | { type: 'write'; generation: number; message: Message }
  /** Begins the closing handshake; messages and `socket_closed` are still reported. */
  | { type: 'close_socket'; generation: number; code: number; reason: string }
  /** Ends the socket for good, unheard: its listeners are removed, and it is closed if need be. */
  | { type: 'drop_socket'; generation: number }
  | { type: 'measure_socket'; generation: number }
  /** Find out why a handshake to this address fails. */
  | { type: 'diagnose'; outage: number; url: string }
  | { type: 'commit'; transaction: number; content: StoreTransaction }
  /** Close the store, open it again, and say `store_opened` or `store_failed`. */
  | { type: 'reopen_store' }
  /** Ask the store of the last known state, in order; it answers by `saved_state`. */
  | { type: 'saved_state'; ask: StateAsk }
  /** At most one at a time for each tab: the next one waits for the tab's `credit`. */
  | { type: 'deliver'; tab: TabId; batch: Batch }
  | { type: 'reply'; tab: TabId; call: number; reply: Reply<unknown> }
  /** The ownership is over: close the store, release it, answer every open call, forget every tab. */
  | { type: 'end'; reason: OwnershipEnd };

export type OwnershipEnd =
  | 'signed_out'
  | 'handed_over'
  /** Another hub has taken over. */
  | 'superseded'
  /** The store is of a newer build, which alone may own it. */
  | 'newer_format';
