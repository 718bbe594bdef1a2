import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test as base, expect, type Page } from '@playwright/test';
import { type Demo, startDemo } from './harness/demo.ts';

/** The line stays cut for 15 s; the hub's next try is due at most 5 s later. */
const BACK_MS = 30_000;

const test = base.extend<{
  start: (port?: string) => Promise<Demo>;
  open: (demo: Demo) => Promise<Page>;
}>({
  // biome-ignore lint/correctness/noEmptyPattern: Playwright reads from the pattern what a fixture depends on
  start: async ({}, use) => {
    const data = await mkdtemp(join(tmpdir(), 'trunkline-demo-'));
    const demos: Demo[] = [];
    await use(async (port) => {
      const demo = await startDemo(data, port);
      demos.push(demo);
      return demo;
    });
    for (const demo of demos) expect(await demo.stop(), 'exit code of the demo').toBe(0);
    await rm(data, { recursive: true });
  },
  open: async ({ context }, use) => {
    const refused: string[] = [];
    await use(async ({ address }) => {
      const page = await context.newPage();
      page.on('pageerror', ({ message }) => refused.push(message));
      page.on('console', (said) => {
        if (said.text().includes('Content Security Policy')) refused.push(said.text());
      });
      await page.goto(address);
      return page;
    });
    expect(refused, 'uncaught errors, and what the Content-Security-Policy refused').toEqual([]);
  },
});

const items = (page: Page, list: 'outbox' | 'settled' | 'decisions' | 'notes') =>
  page.locator(`#${list} > li`);

test('a decision taken while the line is cut outlives a reload, and is accepted once in every tab', async ({
  start,
  open,
}) => {
  const demo = await start();
  const one = await open(demo);
  const two = await open(demo);
  for (const page of [one, two]) {
    await expect(page.locator('#state')).toHaveText(/^open/);
    await expect(page.locator('#question')).toHaveText('Gate 1: Restart sampling at double speed?');
    await expect(page.locator('#sampling')).toHaveText('sampled every 1000 ms');
    await expect(page.locator('#tab-count')).toHaveText('2 tabs');
  }

  await one.getByRole('button', { name: 'Cut the line' }).click();
  for (const page of [one, two]) {
    await expect(page.locator('#state')).toHaveText(/^closed/);
    await expect(page.locator('#cut')).toHaveText(/^Cut for \d+ s more$/);
  }
  await one.getByRole('button', { name: 'Approve' }).click();
  for (const page of [one, two]) {
    await expect(items(page, 'outbox')).toHaveText([/queued.*Approve gate 1/]);
    await expect(page.getByRole('button', { name: 'Approve' })).toBeDisabled();
  }
  await one.reload();
  await expect(items(one, 'outbox')).toHaveText([/queued.*Approve gate 1/]);

  for (const page of [one, two]) {
    await expect(page.locator('#state')).toHaveText(/^open/, { timeout: BACK_MS });
    await expect(items(page, 'settled')).toHaveText([/accepted: Approve gate 1$/]);
    await expect(items(page, 'decisions')).toHaveText([/Gate 1: approve/]);
    await expect(items(page, 'outbox')).toHaveText([]);
    await expect(page.locator('#sampling')).toHaveText('sampled every 500 ms');
    await expect(page.locator('#question')).toHaveText('Gate 2: Restart sampling at its normal speed?');
    await expect(page.locator('#inspector > div', { hasText: 'Sockets live' })).toHaveText(/1$/);
  }
});

test('a queued command can be cancelled, and a refused one dismissed', async ({ start, open }) => {
  const demo = await start();
  const page = await open(demo);
  const post = async (text: string) => {
    await page.getByLabel('A note for every tab').fill(text);
    await page.getByRole('button', { name: 'Post' }).click();
  };
  await expect(page.locator('#notes-status')).toHaveText(/^live/);
  await post('good morning');
  await expect(items(page, 'notes')).toHaveText([/good morning$/]);
  await post('good morning');
  await expect(items(page, 'outbox')).toHaveText([/rejected.*The newest note says the same already/]);
  await page.getByRole('button', { name: 'Dismiss' }).click();
  await expect(items(page, 'outbox')).toHaveText([]);

  await page.getByRole('button', { name: 'Cut the line' }).click();
  await expect(page.locator('#state')).toHaveText(/^closed/);
  await post('good night');
  await expect(items(page, 'outbox')).toHaveText([/queued.*good night/]);
  await page.getByRole('button', { name: 'Cancel' }).click();
  await expect(items(page, 'outbox')).toHaveText([]);
  await expect(items(page, 'settled')).toHaveText([/cancelled/, /rejected/, /accepted/]);

  await expect(page.locator('#state')).toHaveText(/^open/, { timeout: BACK_MS });
  await post('and the line is back');
  await expect(items(page, 'notes')).toHaveText([/and the line is back$/, /good morning$/]);
});

test('the server is stopped and started again, and remembers what was decided', async ({ start, open }) => {
  const first = await start();
  const page = await open(first);
  await page.getByRole('button', { name: 'Approve' }).click();
  await expect(items(page, 'decisions')).toHaveText([/Gate 1: approve/]);
  await expect(page.locator('#question')).toHaveText(/^Gate 2/, { timeout: 10_000 });
  expect(await first.stop()).toBe(0);
  await expect(page.locator('#state')).toHaveText(/^closed/);

  await start(first.port);

  await expect(page.locator('#state')).toHaveText(/^open/, { timeout: BACK_MS });
  await page.getByRole('button', { name: 'Reject' }).click();
  await expect(items(page, 'decisions')).toHaveText([/Gate 2: reject/, /Gate 1: approve/]);
  await expect(page.locator('#sampling')).toHaveText('sampled every 500 ms');
});
