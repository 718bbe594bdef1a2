/** For tests of the operator console: its server in a process of its own, and operators at its page in real tabs. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type BrowserContext,
  test as base,
  expect as baseExpect,
  type Locator,
  type Page,
} from '@playwright/test';
import { sqliteLog } from 'trunkline/server/sqlite';
import { type ConsoleEvent, parseEvent } from '../../../demo/engine/events.ts';
import { parsePipeline } from '../../../demo/engine/pipeline.ts';
import { runTopic } from '../../../demo/engine/protocol.ts';
import { buildConsole, type Site } from '../../../demo/server/site.ts';
import { lastingPort } from '../../../testing/network/lasting-port.ts';
import { type ConsoleProcess, startChild, startMain } from './console-process.ts';

/** For a machine that is busy. */
export const expect = baseExpect.configure({ timeout: 30_000 });

/** A line that was cut is tried again after 4 s at most, or 8 s with the circuit open; on a machine that is busy. */
export const BACK_MS = 45_000;
/** What real processes may take on a machine that is busy. */
export const RUN_MS = 90_000;

interface Fixtures {
  /** The server as `npm start` starts it. */
  readonly startMain: (args?: readonly string[]) => Promise<ConsoleProcess>;
  /** A server with one pipeline, which is called "Test run". Given one that ended, it goes on with its data, at its address. */
  readonly serve: (pipeline: TestPipeline, after?: ConsoleProcess, page?: Site) => Promise<ConsoleProcess>;
  /** Opens a tab of an operator's browser, signed in. */
  readonly open: (
    server: ConsoleProcess,
    options?: {
      readonly runId?: string;
      /** Another one has a browser of their own. */
      readonly name?: string;
      /** Runs in the page, ahead of its own code. */
      readonly init?: () => void;
    },
  ) => Promise<Page>;
}
export interface TestPipeline {
  readonly nodes: readonly object[];
  readonly limit?: number;
}

export const test = base.extend<Fixtures & { data: string; processes: ConsoleProcess[] }, { site: Site }>({
  site: [
    // biome-ignore lint/correctness/noEmptyPattern: Playwright reads from the pattern what a fixture depends on
    async ({}, use) => {
      await use(await buildConsole());
    },
    { scope: 'worker' },
  ],
  // biome-ignore lint/correctness/noEmptyPattern: as above
  data: async ({}, use) => {
    const folder = await mkdtemp(join(tmpdir(), 'trunkline-console-'));
    await use(folder);
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  },
  processes: async ({ data }, use) => {
    const processes: ConsoleProcess[] = [];
    await use(processes);
    for (const process of processes) await process.stop();
    expect(await serverErrors(data), 'what the server reported').toEqual([]);
  },
  startMain: async ({ data, processes }, use) => {
    await use(async (args = []) => {
      const started = await startMain(data, args);
      processes.push(started);
      return started;
    });
  },
  serve: async ({ data, processes, site }, use) => {
    await use(async ({ nodes, limit = 1 }, after, page = site) => {
      const budget = { limit, perCpuSecond: 0 };
      const pipeline = parsePipeline(
        { title: 'Test run', budget, parallel: 4, nodes },
        'the pipeline of the test',
        'test',
      );
      const started = await startChild({
        site: page,
        sources: [{ kind: 'file', pipeline, here: data, target: data }],
        dataFolder: data,
        port: after?.port ?? (await lastingPort()),
      });
      processes.push(started);
      if (after) expect(started.url, 'the address of the server before it').toBe(after.url);
      return started;
    });
  },
  // After `processes`, so that pages are closed before their servers are.
  open: async ({ browser, processes: _ }, use) => {
    const contexts = new Map<string, BrowserContext>();
    const refused: string[] = [];
    await use(async (server, { runId, name = 'Ada', init } = {}) => {
      const context = contexts.get(name) ?? (await browser.newContext());
      contexts.set(name, context);
      const page = await context.newPage();
      page.on('pageerror', ({ message }) => refused.push(message));
      page.on('console', (said) => {
        if (said.text().includes('Content Security Policy')) refused.push(said.text());
      });
      if (init) await page.addInitScript(init);
      await page.goto(`${server.url}/#/${runId ?? ''}`);
      const field = page.getByLabel('Your name');
      await expect(field.or(page.getByRole('banner'))).toBeVisible();
      if (await field.isVisible()) {
        await field.fill(name);
        await field.press('Enter');
      }
      await expect(connection(page)).toHaveText(/Live/);
      return page;
    });
    for (const context of contexts.values()) await context.close();
    expect(refused, 'uncaught errors, and what the Content-Security-Policy refused').toEqual([]);
  },
});

/** A task that ends when `release` is called with the name. */
export function waitsFor(name: string): string[] {
  return ['sh', '-c', 'echo waiting; while [ ! -e "$0" ]; do sleep 0.05; done', name];
}

export async function release(server: ConsoleProcess, runId: string, name: string): Promise<void> {
  await writeFile(fileOfRun(server, runId, name), '');
}

export function fileOfRun({ dataFolder }: ConsoleProcess, runId: string, name: string): string {
  return join(dataFolder, 'runs', runId, name);
}

/** A switch of the faults panel, without the panel. */
export async function fault({ url }: ConsoleProcess, name: string, body: object): Promise<void> {
  const response = await fetch(`${url}/faults/${name}`, {
    method: 'POST',
    headers: { origin: url, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  expect(response.status, `the answer to the fault "${name}"`).toBe(200);
}

/** What the pages have reported, the newest first. */
export async function reports({ url }: ConsoleProcess): Promise<unknown[]> {
  const response = await fetch(`${url}/errors`);
  return await response.json();
}

/** All that was ever published of a run. The server must have ended: the log is its own. */
export async function history(server: ConsoleProcess, runId: string): Promise<ConsoleEvent[]> {
  const log = sqliteLog(join(server.dataFolder, `console-${server.port}.sqlite`));
  try {
    await log.open({ now: Date.now(), tailLimit: 0 });
    const { events, complete } = await log.read(runTopic(runId), { after: 0 }, { first: 1_000_000 });
    expect(complete, 'the log has all of the run').toBe(true);
    return events.map(({ event }) => parseEvent(event)).filter((event) => event !== null);
  } finally {
    await log.close();
  }
}

/** By the button of the list. Answers the run's id, from the address. */
export async function startRun(page: Page, title = 'Test run'): Promise<string> {
  await page
    .getByRole('navigation', { name: 'Runs' })
    .getByRole('button', { name: `${title} `, exact: false })
    .click();
  await expect(page).toHaveURL(/#\/[^/]+$/);
  return new URL(page.url()).hash.slice('#/'.length);
}

/** At the same time in each tab: a notice does not stay until another tab has been looked at. */
export async function each(pages: readonly Page[], look: (page: Page) => Promise<void>): Promise<void> {
  await Promise.all(pages.map(look));
}

export const connection = (page: Page): Locator => page.getByRole('region', { name: 'Connection' });
export const dialog = (page: Page): Locator => page.getByRole('dialog');
export const runHeader = (page: Page): Locator => page.locator('.run-header');
/** Below the header: gates, decisions under way, what was missed. */
export const strip = (page: Page): Locator => page.locator('.strip');
export const details = (page: Page): Locator => page.locator('aside.details');
export const toast = (page: Page, text: string | RegExp): Locator =>
  page.getByRole('region', { name: 'Notices' }).locator('.toast', { hasText: text });
/** A node of the graph, by its title. */
export const graphNode = (page: Page, title: string): Locator =>
  page.locator('.graph-node').filter({ has: page.getByText(title, { exact: true }) });

/** Opens a tool's drawer, or closes it. */
export async function tool(page: Page, name: 'Outbox' | 'Alerts' | 'Faults' | 'Inspector'): Promise<Locator> {
  await page.getByRole('navigation', { name: 'Tools' }).getByRole('button', { name }).click();
  return page.getByRole('complementary', { name, exact: true });
}

/** A figure of the inspector. */
export async function figure(inspector: Locator, label: string): Promise<number> {
  const fact = inspector
    .locator('dl > div')
    .filter({ has: inspector.page().getByText(label, { exact: true }) });
  const text = await fact.locator('dd').first().textContent();
  return Number(text?.replaceAll(',', ''));
}

async function serverErrors(data: string): Promise<unknown[]> {
  const text = await readFile(join(data, 'errors.jsonl'), 'utf8').catch(() => '');
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line))
    .filter(({ from }) => from === 'server');
}
