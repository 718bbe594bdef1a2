/**
 * All that a hub needs of the place in which it runs. The browser's is in `worker/browser`; `testing` has one that is
 * moved by hand. What is asked of a platform whose worker was killed never answers.
 */
import type { Locks } from '../../src/protocol/leases.ts';
import type { Diagnosis } from '../../src/protocol/model.ts';
import type { TabSink } from '../../src/protocol/port.ts';
import type { Store, StoreError } from '../core/store.ts';

export interface Platform {
  /** Milliseconds since 1970. */
  now(): number;
  /** Whole milliseconds that no setting of the clock moves; they may stand still while the machine sleeps. */
  ticks(): number;
  /** Milliseconds with their fractions, as finely as the platform has them: for what is measured within one step. */
  stopwatch(): number;
  /** Uniform in [0, 1). */
  random(): number;
  uuid(): string;
  /** Calls back once, after at least that long; the answer cancels it. */
  setTimer(delayMs: number, callback: () => void): () => void;
  /** `undefined` where the browser has none; it may also refuse each. */
  readonly locks: Locks | undefined;
  openSocket(url: string, subprotocol: string | null): Socket;
  /** Why a handshake to this address fails, as far as that can be found out. Never rejects. */
  diagnose(url: string): Promise<Diagnosis>;
  /** Among all pages and workers of the origin; what one posts, the others hear, in order. */
  openChannel(name: string, listener: (message: unknown) => void): Channel;
  /** One store for each app and identity; it is opened by its own `open`. */
  createStore(options: StoreOptions): Store;
  /** Deletes what an earlier build of the application has kept of the last known state. Nobody hears whether there was any. */
  forgetSavedState(options: Pick<StoreOptions, 'app' | 'identity'>): void;
  /** Posts nothing to this tab from here on; what was posted still arrives. */
  endSink(sink: TabSink): void;
  /** Nobody needs this worker, and it has nothing to do: it ends, where no page has it for its own. */
  close(): void;
}

/** As much of a WebSocket as is used. @throws as the WebSocket does, at its making and in `close`. */
export type Socket = Pick<
  WebSocket,
  'addEventListener' | 'binaryType' | 'bufferedAmount' | 'close' | 'readyState' | 'send'
>;

/** One end of a BroadcastChannel. */
export interface Channel {
  /** @throws DataCloneError for what cannot be posted. */
  post(message: unknown): void;
  close(): void;
}

export interface StoreOptions {
  readonly app: string;
  readonly identity: string;
  /** The store that was open is closed, and not by us: it can be opened again. */
  onLost(why: StoreError): void;
}
