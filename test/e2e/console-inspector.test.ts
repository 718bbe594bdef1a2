import { readFile } from 'node:fs/promises';
import type { Locator, Page } from '@playwright/test';
import {
  BACK_MS,
  connection,
  dialog,
  expect,
  fault,
  figure,
  startRun,
  strip,
  test,
  tool,
} from './harness/console.ts';

const GATE = { nodes: [{ id: 'gate', gate: { title: 'Ship it?', timeLimitSeconds: 86_400 } }] };
const COMMENT = 'a comment that nobody else reads';

const panel = (inspector: Locator, name: string): Promise<void> =>
  inspector.getByRole('tab', { name, exact: true }).click();
const rows = (inspector: Locator): Locator =>
  inspector.locator('[role="tabpanel"]:not([hidden]) .rows [role="row"]');

test('the inspector tells of a tab that was killed, of a line that was cut, and of what waited meanwhile', async ({
  serve,
  open,
}) => {
  const server = await serve(GATE);
  const page = await open(server);
  await startRun(page);
  await later(page);
  const other = await open(server);
  const inspector = await tool(page, 'Inspector');
  await expect(inspector).toContainText('Sockets live');
  await expect.poll(() => figure(inspector, 'Tabs')).toBe(2);
  // No event of it is heard any more.
  await other.close({ runBeforeUnload: false });
  await expect.poll(() => figure(inspector, 'Tabs'), { timeout: 30_000 }).toBe(1);

  await fault(server, 'cut', { seconds: 600 });
  await panel(inspector, 'Connection');
  await expect(rows(inspector).filter({ hasText: 'closed: network' }).first()).toBeVisible();
  await approve(page);
  await panel(inspector, 'Outbox');
  await expect(rows(inspector).first()).toContainText('queued');
  await fault(server, 'mend', {});
  await expect(connection(page)).toHaveText(/Live/, { timeout: BACK_MS });
  await expect(rows(inspector).filter({ hasText: 'human_decision' })).toContainText(/queued .*, accepted/);
});

test('what commands and frames say is neither shown nor exported, until a person asks for it', async ({
  serve,
  open,
}) => {
  const server = await serve(GATE);
  const page = await open(server);
  await startRun(page);
  await later(page);
  const inspector = await tool(page, 'Inspector');
  await approve(page);
  await panel(inspector, 'Frames');
  await rows(inspector).filter({ hasText: 'human_decision' }).click();
  await expect(inspector).toContainText('hidden');
  await expect(inspector).not.toContainText(COMMENT);
  expect(await exported(page, inspector)).not.toContain(COMMENT);

  await inspector.getByLabel('Payloads').check();
  await expect(inspector).toContainText(COMMENT);
  const file = await exported(page, inspector);
  expect(file).toContain(COMMENT);
  expect(JSON.parse(file)).toMatchObject({
    format: 'trunkline-inspector/1',
    report: { app: 'trunkline-console' },
    commands: expect.arrayContaining([expect.objectContaining({ isOver: true })]),
  });
});

async function later(page: Page): Promise<void> {
  await dialog(page).getByRole('button', { name: 'Decide later' }).click();
  await expect(dialog(page)).toHaveCount(0);
}

async function approve(page: Page): Promise<void> {
  await strip(page).getByRole('button', { name: 'Review' }).click();
  await dialog(page).getByLabel('Comment').fill(COMMENT);
  await dialog(page).getByRole('button', { name: 'Approve' }).click();
  const close = dialog(page).getByRole('button', { name: 'Close' });
  await expect(async () => {
    if ((await dialog(page).count()) > 0) await close.click({ timeout: 1_000 });
    await expect(dialog(page)).toHaveCount(0, { timeout: 1_000 });
  }).toPass();
}

async function exported(page: Page, inspector: Locator): Promise<string> {
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    inspector.getByRole('button', { name: 'Export' }).click(),
  ]);
  return readFile(await download.path(), 'utf8');
}
