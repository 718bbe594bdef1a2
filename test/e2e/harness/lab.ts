/** For tests that bring their own server, and speak to the library in its pages without a user interface between. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type BrowserContext, test as base, expect, type Page } from '@playwright/test';
import type { ClosedReason, Connection, HubReport } from 'trunkline';
import type { Heard, Lab, LabConfig } from '../app/lab/main.ts';
import type * as application from '../app/lab/server.ts';
import { type FaultProxy, startFaultProxy } from './fault-proxy.ts';
import { type LabProcess, startLabProcess } from './lab-process.ts';
import { required } from './required.ts';
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
  stored(table: 'entries' | 'outcomes' | 'cursors'): Promise<unknown[]>;
}

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
  /** A folder of the test's own. */
  readonly folder: string;
  /** Of the server in a process of its own. */
  readonly logFile: string;
  /** Starts the server in a process of its own: at first on any port, then with its data, at its address. */
  readonly serveApart: () => Promise<LabProcess>;
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
  // biome-ignore lint/correctness/noEmptyPattern: as above
  folder: async ({}, use) => {
    const folder = await mkdtemp(join(tmpdir(), 'trunkline-lab-'));
    await use(folder);
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  },
  logFile: async ({ folder }, use) => {
    await use(join(folder, 'log.db'));
  },
  serveApart: async ({ logFile, site, lead }, use) => {
    const started: LabProcess[] = [];
    await use(async () => {
      const server = await startLabProcess(logFile, lead.port, site.origin);
      started.push(server);
      lead.port = server.port;
      return server;
    });
    for (const server of started) await server.kill();
  },
  open: async ({ context, site, socketPort }, use) => {
    const tabs: LabTab[] = [];
    await use(async (config) => {
      const tab = await openLab(context, site.origin, labConfig(socketPort(), config));
      tabs.push(tab);
      return tab;
    });
    expect(
      tabs.flatMap(({ uncaught }) => uncaught),
      'errors that no page caught',
    ).toEqual([]);
  },
});

export function labConfig(port: number, config: Partial<LabConfig> = {}): LabConfig {
  return {
    url: `ws://127.0.0.1:${port}/ws`,
    identity: 'anonymous',
    worker: 'shared',
    extendedLifetime: true,
    dialect: 'trunkline.v1',
    topics: ['run'],
    token: null,
    ...config,
  };
}

export async function openLab(context: BrowserContext, origin: string, config: LabConfig): Promise<LabTab> {
  const page = await context.newPage();
  const uncaught: string[] = [];
  page.on('pageerror', (error) => uncaught.push(error.stack ?? error.message));
  await page.addInitScript((value) => {
    window.labConfig = value;
  }, config);
  await page.goto(origin);
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
    stored: (table) => page.evaluate(readTable, { database: `trunkline:lab:${config.identity}`, table }),
  };
}

/** Runs in the page. */
async function readTable({ database, table }: { database: string; table: string }): Promise<unknown[]> {
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
