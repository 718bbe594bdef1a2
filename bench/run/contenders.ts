import type { ServerKind } from '../server/contract.ts';

export interface ContenderInfo {
  /** Also the folder of its page, where it has one. */
  readonly name: string;
  readonly title: string;
  readonly server: ServerKind;
  /** Not a peer, but as far as one could get. */
  readonly isLimit?: true;
  /** Why a case is not for it; by the name of the case, or of one of its figures. */
  readonly cannot: Readonly<Record<string, string>>;
  /** The names of the cases it is for; all of them where it is left out. */
  readonly only?: readonly string[];
}

const NO_REPLAY = 'events of an outage are not sent again';
const NO_RECONNECT = 'it does not reconnect';
const NO_OUTBOX = 'it keeps no commands';
const MEMORY_ONLY = 'what it queues is in memory only, and gone with the tab';

const NO_DEVICE = 'it keeps no state on the device';
const NO_LOG = 'its server keeps no commands on a disk';
/** What is without a key and beyond `floodBuffer`, by default. */
const BOUNDED = 'of more than a tab takes at once it drops, and counts, what is beyond 1,000';

const STORE_ALONE = { feed: 'it is a store alone', flush: 'it is a store alone' };

export const CONTENDERS: readonly ContenderInfo[] = [
  {
    name: 'trunkline',
    title: 'trunkline',
    server: 'trunkline',
    cannot: { burst: BOUNDED, outage: BOUNDED },
  },
  {
    name: 'trunkline-whole',
    title: 'trunkline, `floodBuffer` 100,000',
    server: 'trunkline',
    cannot: {},
    only: ['burst', 'outage'],
  },
  {
    name: 'trunkline-unkept',
    title: 'trunkline, the same without `persist`',
    server: 'trunkline',
    cannot: {},
    only: ['keeping'],
  },
  {
    name: 'trunkline-kept',
    title: 'trunkline, with `persist`',
    server: 'trunkline',
    cannot: {},
    only: ['keeping', 'first-state-1000', 'first-state-100000'],
  },
  {
    name: 'websocket',
    title: 'a WebSocket per tab',
    server: 'websocket',
    cannot: { reconnect: NO_RECONNECT, outbox: NO_OUTBOX, log: NO_LOG, device: NO_DEVICE },
  },
  {
    name: 'partysocket',
    title: 'partysocket per tab',
    server: 'websocket',
    cannot: { replay: NO_REPLAY, stored: MEMORY_ONLY, device: NO_DEVICE },
  },
  {
    name: 'socket-io',
    title: 'socket.io per tab',
    server: 'socket.io',
    cannot: { stored: MEMORY_ONLY, log: NO_LOG, device: NO_DEVICE },
  },
  {
    name: 'tab-election',
    title: 'tab-election with partysocket',
    server: 'websocket',
    cannot: { replay: NO_REPLAY, outbox: NO_OUTBOX, device: NO_DEVICE },
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
  {
    name: 'bare-sqlite',
    title: 'limit: a bare `node:sqlite` transaction each',
    server: 'websocket',
    isLimit: true,
    cannot: {},
    only: ['commands-1', 'commands-50'],
  },
  {
    name: 'bare-append',
    title: 'limit: an append to a bare engine, and its follower',
    server: 'websocket',
    isLimit: true,
    cannot: { admission: 'it has no clients', admissions: 'it has no clients' },
    only: ['shared-log'],
  },
];

/** Itself, in whatever form. */
export const OWN = CONTENDERS.filter(({ server }) => server === 'trunkline');
