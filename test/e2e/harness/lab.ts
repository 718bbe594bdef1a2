/** For tests that bring their own server, and speak to the library in its pages without a user interface between. */
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type BrowserContext, test as base, expect, type Page } from '@playwright/test';
import type { ClosedReason, Connection, HubReport } from 'trunkline';
import type { Heard, Lab, LabConfig } from '../app/lab/main.ts';
import type * as application from '../app/lab/server.ts';
import { type FaultProxy, startFaultProxy } from './fault-proxy.ts';
import { type Site, startSite } from './site.ts';

export { expect } from '@playwright/test';

/** A page of the lab, in a tab of its own. */
export interface LabTab {
  readonly page: Page;
  /** What the page threw and nobody caught. */
  readonly uncaught: string[];
  connection(): Promise<Connection>;
  /** Waits for `open`, or for `closed` with this reason. */
  is(state: 'open' | ClosedReason, timeoutMs?: number): Promise<void>;
  heard(): Promise<Heard[]>;
  errors(): Promise<string[]>;
  settled(): Promise<Lab['settled']>;
  /** `type state` of each entry. */
  outbox(): Promise<string[]>;
  note(text: string): Promise<{ id: string; durable: boolean }>;
  inspect(): Promise<HubReport>;
  reconnect(): Promise<void>;
  /** The rows of a table in the browser's storage. */
  stored(table: Table): Promise<StoredRow[]>;
  /** Puts a row there, past the hub. */
  store(table: Table, row: StoredRow): Promise<void>;
}

type Table = 'entries' | 'outcomes' | 'cursors';
/** As it is on the disk: what a hub makes of it is what the tests are about. */
export type StoredRow = Readonly<Record<string, unknown>>;

interface Fixtures {
  /** Between the browser and whatever server it leads to. */
  readonly network: FaultProxy;
  readonly lead: { port: number };
  /** Where the pages find their server. */
  readonly socketPort: () => number;
  readonly site: Site;
  /** Starts a server of the application, and leads the network to it. */
  readonly serve: (
    options?: Partial<Parameters<typeof application.startLabServer>[0]>,
  ) => Promise<application.LabServer>;
  readonly open: (config?: Partial<LabConfig>) => Promise<LabTab>;
}

export const test = base.extend<Fixtures>({
  // biome-ignore lint/correctness/noEmptyPattern: Playwright reads from the pattern what a fixture depends on
  lead: async ({}, use) => {
    await use({ port: 0 });
  },
  network: async ({ lead }, use) => {
    const network = await startFaultProxy(() => lead.port);
    await use(network);
    await network.close();
  },
  socketPort: async ({ network }, use) => {
    await use(() => network.port);
  },
  site: async ({ socketPort }, use) => {
    const site = await startSite(required('TRUNKLINE_E2E_LAB'), socketPort);
    await use(site);
    await site.close();
    expect(site.violations, 'violations of the Content-Security-Policy').toEqual([]);
  },
  serve: async ({ site, lead }, use) => {
    const file = pathToFileURL(join(required('TRUNKLINE_E2E_APP'), 'lab/server.ts')).href;
    const { startLabServer }: typeof application = await import(file);
    const servers: application.LabServer[] = [];
    await use(async (options) => {
      const server = await startLabServer({ allowedOrigins: [site.origin], ...options });
      servers.push(server);
      lead.port = server.port;
      return server;
    });
    for (const server of servers) await server.crash();
  },
  open: async ({ context, site, socketPort }, use) => {
    const tabs: LabTab[] = [];
    await use(async (config) => {
      const tab = await openLab(context, site.origin, {
        url: `ws://127.0.0.1:${socketPort()}/ws`,
        identity: 'anonymous',
        worker: 'shared',
        dialect: 'trunkline.v1',
        topics: ['run'],
        token: null,
        ...config,
      });
      tabs.push(tab);
      return tab;
    });
    expect(
      tabs.flatMap(({ uncaught }) => uncaught),
      'errors that no page caught',
    ).toEqual([]);
  },
});

async function openLab(context: BrowserContext, origin: string, config: LabConfig): Promise<LabTab> {
  const page = await context.newPage();
  const uncaught: string[] = [];
  page.on('pageerror', (error) => uncaught.push(error.stack ?? error.message));
  await page.addInitScript((value) => {
    window.labConfig = value;
  }, config);
  await page.goto(origin);
  const database = `trunkline:lab:${config.identity}`;
  const connection = () => page.evaluate(() => window.lab.client.connection.get());
  return {
    page,
    uncaught,
    connection,
    is: (state, timeout = 10_000) =>
      expect
        .poll(
          async () => {
            const now = await connection();
            return now.state === 'closed' ? now.reason : now.state;
          },
          { timeout, intervals: [50] },
        )
        .toBe(state),
    heard: () => page.evaluate(() => [...window.lab.heard]),
    errors: () => page.evaluate(() => [...window.lab.errors]),
    settled: () => page.evaluate(() => [...window.lab.settled]),
    outbox: () =>
      page.evaluate(() =>
        window.lab.client.outbox.get().map(({ command, state }) => `${command.type} ${state}`),
      ),
    note: (text) =>
      page.evaluate(async (value) => {
        const { id, durable } = await window.lab.client.send('note', { text: value }, { topic: 'run' });
        return { id, durable };
      }, text),
    inspect: () => page.evaluate(() => window.lab.client.inspect()),
    reconnect: () => page.evaluate(() => window.lab.client.reconnect()),
    stored: (table) => page.evaluate(readTable, { database, table }),
    store: (table, row) => page.evaluate(putRow, { database, table, row }),
  };
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

function required(name: string): string {
  const value = process.env[name];
  if (value === undefined) throw new Error(`${name} is not set; test/e2e/harness/global-setup.ts sets it`);
  return value;
}
