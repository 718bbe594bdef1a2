import { existsSync } from 'node:fs';
import type { Page } from '@playwright/test';
import {
  BACK_MS,
  connection,
  dialog,
  expect,
  fileOfRun,
  graphNode,
  history,
  RUN_MS,
  runHeader,
  startRun,
  strip,
  test,
  tool,
} from './harness/console.ts';

const GATE = {
  nodes: [
    { id: 'gate', gate: { title: 'Ship it?', timeLimitSeconds: 86_400 } },
    { id: 'ships', title: 'Ships', after: ['gate'], run: ['touch', 'shipped'] },
  ],
};
const QUEUED = /Approve a gate.*Ship it\?.*Queued/;

test('with its server ended the console opens by a reload and in a new tab, with the decision that waits, which is accepted once when both are back', async ({
  open,
  serve,
}) => {
  const server = await serve(GATE);
  const page = await open(server);
  const runId = await startRun(page);
  await expect(dialog(page)).toContainText('Ship it?', { timeout: RUN_MS });
  await isKept(page);
  await server.kill();
  await expect(connection(page)).toHaveText(/Connection lost/);
  await dialog(page).getByRole('button', { name: 'Approve' }).click();
  await expect(dialog(page)).toContainText('Decision queued – connection lost');

  page.on('dialog', (question) => question.accept());
  await page.reload();
  await opensOffline(page);
  const other = await page.context().newPage();
  await other.goto(`${server.url}/#/${runId}`);
  await opensOffline(other);
  await page.close();
  await other.close();

  const again = await serve(GATE, server);
  const back = await open(again, { runId });
  await expect(runHeader(back)).toHaveText(/Succeeded.*2 of 2 done/, { timeout: BACK_MS });
  expect(await again.stop()).toBe(0);
  const decisions = (await history(again, runId)).filter(({ type }) => type === 'human_gate_resolved');
  expect(decisions).toEqual([expect.objectContaining({ verdict: 'approve', how: 'decided', by: 'Ada' })]);
});

test('a console that is deployed anew says so, and comes when all tabs of the one before are closed', async ({
  open,
  serve,
  site,
}) => {
  const before = await serve(GATE);
  const page = await open(before);
  await isKept(page);
  expect(await before.stop()).toBe(0);
  const newer = new Map(site);
  for (const [path, what] of [
    ['/', 'page'],
    ['/index.html', 'page'],
    ['/service-worker.js', 'revision'],
  ] as const) {
    const text = Buffer.from(site.get(path) ?? '').toString();
    newer.set(
      path,
      what === 'page'
        ? text.replace('<html', '<html data-build="newer"')
        : // Of the page; its file has no hash in its name.
          text.replace(/"revision":"\w+","url":"index\.html"/, '"revision":"newer","url":"index.html"'),
    );
  }
  await serve(GATE, before, newer);
  await expect(connection(page)).toHaveText(/Live/, { timeout: BACK_MS });

  await page.reload();
  await expect(page.getByText('A newer console is ready.')).toBeVisible();
  await expect(page.locator('html')).not.toHaveAttribute('data-build');
  const context = page.context();
  const other = await context.newPage();
  await page.close();
  // It is given up by its hub a few seconds later.
  await expect
    .poll(
      async () => {
        await other.goto(before.url);
        const build = await other.locator('html').getAttribute('data-build');
        await other.goto('about:blank');
        return build;
      },
      { intervals: [8_000], timeout: 120_000 },
    )
    .toBe('newer');
});

test('with the server stopped, a reload shows the run as it was last known, and a decision made then is accepted, once, with no page open', async ({
  serve,
  open,
}) => {
  const server = await serve(GATE);
  const page = await open(server);
  const runId = await startRun(page);
  await expect(dialog(page)).toContainText('Ship it?', { timeout: RUN_MS });
  await isKept(page);

  expect(await server.stop()).toBe(0);
  await expect(connection(page)).not.toHaveText(/Live/);
  await page.reload();
  await expect(strip(page)).toContainText(
    /No connection\. As of \d\d:\d\d \((less than a minute|\d+ minutes?) ago\)/,
  );
  await expect(runHeader(page)).toContainText('0 of 2 done');
  await expect(runHeader(page)).toContainText('Needs a decision');
  await expect(graphNode(page, 'Ships')).toBeVisible();
  await expect(dialog(page)).toContainText('Ship it?');
  await dialog(page).getByRole('button', { name: 'Approve' }).click();
  await expect(dialog(page)).toContainText('Decision queued – connection lost');
  await page.close();

  const again = await serve(GATE, server);
  const hasShipped = () => existsSync(fileOfRun(again, runId, 'shipped'));
  await expect.poll(hasShipped, { timeout: RUN_MS }).toBe(true);
  expect(await again.stop()).toBe(0);
  const decisions = (await history(again, runId)).filter(({ type }) => type === 'human_gate_resolved');
  expect(decisions).toEqual([expect.objectContaining({ verdict: 'approve', how: 'decided', by: 'Ada' })]);
});

test('a run that this browser has never shown says so without a connection', async ({ serve, open }) => {
  const server = await serve(GATE);
  const page = await open(server);
  await startRun(page);
  await isKept(page);

  await server.stop();
  await page.goto(`${server.url}/#/never-seen`);
  await page.reload();
  await expect(page.getByRole('heading', { name: 'No connection' })).toBeVisible();
  await expect(page.getByText('has never shown this run')).toBeVisible();
});

/** The service worker has all files, and answers for this page. */
async function isKept(page: Page): Promise<void> {
  await page.waitForFunction(() => navigator.serviceWorker.controller !== null);
}

/** Signed in, and with the outbox as it was left. */
async function opensOffline(page: Page): Promise<void> {
  await expect(connection(page)).toHaveText(/Connection lost/);
  const outbox = await tool(page, 'Outbox');
  await expect(outbox.getByRole('listitem')).toHaveText([QUEUED]);
}
