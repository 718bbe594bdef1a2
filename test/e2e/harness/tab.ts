import { type BrowserContext, expect, type Page } from '@playwright/test';
import type { Outcome } from 'trunkline';
import type { PageConfig } from '../app/page.ts';

/** One tab of the application, with everything that it said. */
export interface Tab {
  readonly page: Page;
  readonly console: string[];
  /** What the page threw and nobody caught. */
  readonly uncaught: string[];
  /** What the application's `onError` got. */
  errors(): Promise<string[]>;
  events(): Promise<{ offset: number; what: string; replayed: boolean }[]>;
  settled(): Promise<{ id: string; outcome: Outcome }[]>;
  sendNote(text: string): Promise<{ id: string; durable: boolean }>;
  /** Waits until the page shows it. */
  shows(id: 'connection' | 'storage', text: string | RegExp, timeoutMs?: number): Promise<void>;
  /** Waits until its hub knows that its socket is gone: what is sent before that is `sent`, into the dead socket. */
  isOffline(): Promise<void>;
  /** Waits until it hears its topic: `open` comes a moment before that, and no later state has what has no key. */
  hears(): Promise<void>;
  /** Waits until a list of the page has exactly these items. */
  lists(
    id: 'gates' | 'outbox' | 'settled' | 'lines',
    items: readonly (string | RegExp)[],
    timeoutMs?: number,
  ): Promise<void>;
}

/** Only a guard: for a machine that has other things to do. */
const PAGE_TIMEOUT_MS = 30_000;

export async function openTab(context: BrowserContext, origin: string, config: PageConfig): Promise<Tab> {
  const page = await context.newPage();
  const tab = followPage(page);
  await page.addInitScript((value) => {
    window.gatesConfig = value;
  }, config);
  await page.goto(origin);
  return tab;
}

function followPage(page: Page): Tab {
  const said: string[] = [];
  const uncaught: string[] = [];
  page.on('console', (message) => said.push(message.text()));
  page.on('pageerror', (error) => uncaught.push(error.stack ?? error.message));
  return {
    page,
    console: said,
    uncaught,
    errors: () => page.evaluate(() => window.gates.errors),
    events: () => page.evaluate(() => [...window.gates.events]),
    settled: () => page.evaluate(() => [...window.gates.settled]),
    sendNote: (text) =>
      page.evaluate(async (note) => {
        const { id, durable } = await window.gates.client.send('note', { text: note }, { topic: 'run' });
        return { id, durable };
      }, text),
    shows: (id, text, timeout = PAGE_TIMEOUT_MS) =>
      expect(page.locator(`#${id}`)).toHaveText(text, { timeout }),
    hears: () =>
      expect
        .poll(() => page.evaluate(() => window.gates.client.topic('run').status.get().state))
        .toBe('live'),
    isOffline: () =>
      expect(page.locator('#connection')).toHaveText(/^(connecting|closed \(network\))$/, {
        timeout: PAGE_TIMEOUT_MS,
      }),
    lists: (id, items, timeout = PAGE_TIMEOUT_MS) =>
      expect(page.locator(`#${id} > li`)).toHaveText([...items], { timeout }),
  };
}
