import type { ServerKind } from '../server/contract.ts';

export interface ContenderInfo {
  /** Also the folder of its page. */
  readonly name: string;
  readonly title: string;
  readonly server: ServerKind;
  /** Not a peer, but as far as one could get. */
  readonly isLimit?: true;
  /** Why a case is not for it; by the name of the case, or of one of its figures. */
  readonly cannot: Readonly<Record<string, string>>;
  /** The names of the cases it is for; all of them where it is left out. */
  readonly only?: readonly string[];
  /** Those that are for it, and not for everybody. */
  readonly alsoFor?: readonly string[];
}

const NO_REPLAY = 'events of an outage are not sent again';
const NO_RECONNECT = 'it does not reconnect';
const NO_OUTBOX = 'it keeps no commands';
const MEMORY_ONLY = 'what it queues is in memory only, and gone with the tab';

const STORE_ALONE = { feed: 'it is a store alone', flush: 'it is a store alone' };

export const CONTENDERS: readonly ContenderInfo[] = [
  { name: 'trunkline', title: 'trunkline', server: 'trunkline', cannot: {}, alsoFor: ['keeping'] },
  {
    name: 'trunkline-kept',
    title: 'trunkline, with `persist`',
    server: 'trunkline',
    cannot: {},
    only: ['keeping', 'first-state-1000', 'first-state-100000'],
    alsoFor: ['keeping', 'first-state-1000', 'first-state-100000'],
  },
  {
    name: 'trunkline-at-once',
    title: 'trunkline, floodEventsPerSecond 2,000',
    server: 'trunkline',
    cannot: {},
    only: ['latency-10'],
  },
  {
    name: 'websocket',
    title: 'a WebSocket per tab',
    server: 'websocket',
    cannot: { reconnect: NO_RECONNECT, outbox: NO_OUTBOX },
  },
  {
    name: 'partysocket',
    title: 'partysocket per tab',
    server: 'websocket',
    cannot: { replay: NO_REPLAY, stored: MEMORY_ONLY },
  },
  {
    name: 'socket-io',
    title: 'socket.io per tab',
    server: 'socket.io',
    cannot: { stored: MEMORY_ONLY },
  },
  {
    name: 'tab-election',
    title: 'tab-election with partysocket',
    server: 'websocket',
    cannot: { replay: NO_REPLAY, outbox: NO_OUTBOX },
  },
  {
    name: 'offline-transactions',
    title: '@tanstack/offline-transactions',
    server: 'websocket',
    cannot: { feed: 'it is an outbox alone' },
  },
  {
    name: 'bare-port',
    title: 'limit: bare postMessage batches',
    server: 'websocket',
    isLimit: true,
    cannot: { reconnect: NO_RECONNECT, outbox: NO_OUTBOX },
  },
  {
    name: 'bare-indexeddb',
    title: 'limit: a bare IndexedDB transaction',
    server: 'websocket',
    isLimit: true,
    cannot: STORE_ALONE,
  },
  {
    name: 'bare-worker-indexeddb',
    title: 'limit: the same, in a SharedWorker',
    server: 'websocket',
    isLimit: true,
    cannot: STORE_ALONE,
  },
];
