import { expect } from '@playwright/test';
import type { ClosedReason, Connection, HubReport } from 'trunkline';
import type { Heard, Lab, LabConfig } from '../app/lab/main.ts';
import { readStorage } from './storage-of.ts';

/** What a page of the lab shows, and can be asked to do, whatever drives it. */
export interface LabPage {
  connection(): Promise<Connection>;
  /** Waits for `open`, or for `closed` with this reason. */
  is(state: 'open' | ClosedReason, timeoutMs?: number): Promise<void>;
  /** Waits until its hub knows that its socket is gone: what is sent before that is `sent`, into the dead socket. */
  isOffline(): Promise<void>;
  /** Waits until a service worker has all files, and answers for this page. */
  isKept(): Promise<void>;
  /** Waits until it hears this topic: `open` comes a moment before that, and no later state has what has no key. */
  hears(topic: string): Promise<void>;
  heard(): Promise<Heard[]>;
  /** What it knows of the topic `run`: how and of when, and then its gates as `gateId state`. */
  known(): Promise<string[]>;
  errors(): Promise<string[]>;
  settled(): Promise<Lab['settled']>;
  /** `type state` of each entry. */
  outbox(): Promise<string[]>;
  note(text: string): Promise<{ id: string; durable: boolean }>;
  decide(gateId: string, verdict: 'approved' | 'rejected'): Promise<{ id: string; durable: boolean }>;
  /** From now on the page sends a note after each alarm: this name, and all lines that it heard. */
  answerAlarms(name: string): Promise<void>;
  inspect(): Promise<HubReport>;
  reconnect(): Promise<void>;
  /** All that its origin keeps, as text. */
  kept(): Promise<string>;
  /** The rows of a table in the browser's storage. */
  stored(table: Table): Promise<StoredRow[]>;
  /** Puts a row there, past the hub. */
  store(table: Table, row: StoredRow): Promise<void>;
}

type Table = 'entries' | 'outcomes' | 'cursors';
/** As it is on the disk: what a hub makes of it is what the tests are about. */
export type StoredRow = Readonly<Record<string, unknown>>;

/** Of a page of which a test wants nothing special but this. */
export function labConfig(socketPort: number, config: Partial<LabConfig> = {}): LabConfig {
  return {
    url: `ws://127.0.0.1:${socketPort}/ws`,
    identity: 'anonymous',
    worker: 'shared',
    extendedLifetime: true,
    dialect: 'trunkline.v1',
    topics: ['run'],
    token: null,
    ...config,
  };
}

/** @param evaluate runs an expression in the page, and awaits it. */
export function labPage(evaluate: (expression: string) => Promise<unknown>, identity: string): LabPage {
  const run = async <R, A = undefined>(work: (argument: A) => R | Promise<R>, argument?: A) =>
    (await evaluate(`(${work})(${JSON.stringify(argument) ?? ''})`)) as R;
  const database = `trunkline:lab:${identity}`;
  const connection = () => run(() => window.lab.client.connection.get());
  return {
    connection,
    is: (state, timeout = 30_000) =>
      expect
        .poll(
          async () => {
            const now = await connection();
            return now.state === 'closed' ? now.reason : now.state;
          },
          { timeout, intervals: [50] },
        )
        .toBe(state),
    isOffline: () => expect.poll(async () => (await connection()).state).not.toBe('open'),
    isKept: () => expect.poll(() => run(() => navigator.serviceWorker.controller !== null)).toBe(true),
    hears: (topic) =>
      expect.poll(() => run((name) => window.lab.client.topic(name).status.get().state, topic)).toBe('live'),
    heard: () => run(() => [...window.lab.heard]),
    known: () => run(knownOfRun),
    errors: () => run(() => [...window.lab.errors]),
    settled: () => run(() => [...window.lab.settled]),
    outbox: () =>
      run(() => window.lab.client.outbox.get().map(({ command, state }) => `${command.type} ${state}`)),
    note: (text) =>
      run(async (value) => {
        const { id, durable } = await window.lab.client.send('note', { text: value }, { topic: 'run' });
        return { id, durable };
      }, text),
    decide: (gateId, verdict) =>
      run(
        async (decision) => {
          const { id, durable } = await window.lab.client.send('decide', decision, { topic: 'run' });
          return { id, durable };
        },
        { gateId, verdict },
      ),
    answerAlarms: (name) =>
      run((who) => {
        window.lab.client.topic('run').on('alarm', async () => {
          const lines = window.lab.heard.flatMap(({ event }) => (event.type === 'line' ? [event.text] : []));
          await window.lab.client.send(
            'note',
            { text: `${who} heard ${lines.join(', ')}` },
            { topic: 'run' },
          );
        });
      }, name),
    inspect: () => run(() => window.lab.client.inspect()),
    reconnect: () => run(() => window.lab.client.reconnect()),
    kept: () => run(readStorage),
    stored: (table) => run(readTable, { database, table }),
    store: (table, row) => run(putRow, { database, table, row }),
  };
}

/** Runs in the page. */
async function knownOfRun(): Promise<string[]> {
  const topic = window.lab.client.topic('run');
  const latest = topic.latest('gate');
  // Without a listener it has nothing.
  const leave = latest.subscribe(() => {});
  await new Promise((done) => setTimeout(done, 200));
  const gates = [...latest.get().values()].map(({ gateId, state }) => `${gateId} ${state}`);
  const status = topic.status.get();
  leave();
  const how =
    'lastSeen' in status ? `${status.state} as of ${status.lastSeen > 0 ? 'then' : 'nothing'}` : status.state;
  return [how, ...gates];
}

/** Runs in the page. */
async function readTable({ database, table }: { database: string; table: string }): Promise<StoredRow[]> {
  const done = <T>(request: IDBRequest<T>) =>
    new Promise<T>((resolve, reject) => {
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(request.error);
    });
  // Opened before the hub does, it would be made without its tables.
  if (!(await indexedDB.databases()).some(({ name }) => name === database)) return [];
  const opened = await done(indexedDB.open(database));
  const rows = await done(opened.transaction(table).objectStore(table).getAll());
  opened.close();
  return rows;
}

/** Runs in the page. */
async function putRow({
  database,
  table,
  row,
}: {
  database: string;
  table: string;
  row: StoredRow;
}): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const opening = indexedDB.open(database);
    opening.onerror = () => reject(opening.error);
    opening.onsuccess = () => {
      const tx = opening.result.transaction(table, 'readwrite');
      tx.objectStore(table).put(row);
      tx.onabort = () => reject(tx.error);
      tx.oncomplete = () => {
        opening.result.close();
        resolve();
      };
    };
  });
}
