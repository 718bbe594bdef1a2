import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import type { Page } from '@playwright/test';
import {
  BACK_MS,
  connection,
  dialog,
  each,
  expect,
  fault,
  figure,
  fileOfRun,
  history,
  RUN_MS,
  runHeader,
  startRun,
  strip,
  test,
  toast,
  tool,
} from './harness/console.ts';

const QUEUED = 'Decision queued – connection lost';
/** Each test mends it by itself. */
const CUT_SECONDS = 600;
const DAY_SECONDS = 86_400;

const approve = (page: Page) => dialog(page).getByRole('button', { name: 'Approve' });

const GATE = {
  nodes: [
    { id: 'gate', gate: { title: 'Ship it?', timeLimitSeconds: DAY_SECONDS } },
    { id: 'ships', title: 'Ships', after: ['gate'], run: ['true'] },
  ],
};

test('a run goes from its start to its report, with the gate approved while the line is cut and the page reloaded', async ({
  startMain,
  open,
}) => {
  const server = await startMain();
  const one = await open(server);
  const two = await open(server);

  const runId = await startRun(one, 'Audit a checkout');
  const report = fileOfRun(server, runId, 'report.md');
  await each([one, two], async (page) => {
    const heading = dialog(page).getByRole('heading', { name: 'Write the report with these findings?' });
    await expect(heading).toBeFocused({ timeout: RUN_MS });
    await expect(dialog(page)).toContainText('packages under');
    await dialog(page).getByRole('button', { name: 'Decide later' }).click();
    await expect(strip(page)).toContainText('1 of 1');
  });

  const faults = await tool(one, 'Faults');
  await faults.getByLabel('For how long').selectOption('40 s');
  await faults.getByRole('button', { name: 'Cut' }).click();
  await each([one, two], async (page) => {
    await expect(connection(page)).toHaveText(
      /Connection lost.*next try in \d+ s.*\d+ attempts? failed in a row.*Circuit/,
    );
    await strip(page).getByRole('button', { name: 'Review' }).click();
  });
  await dialog(one).getByLabel('Comment').fill('looks good');
  await approve(one).click();
  await each([one, two], async (page) => {
    await expect(dialog(page)).toContainText(QUEUED);
    await expect(strip(page)).toContainText(QUEUED);
    await expect(approve(page)).toHaveCount(0);
  });

  const asked: string[] = [];
  one.on('dialog', (question) => {
    asked.push(question.type());
    return question.accept();
  });
  await one.reload();
  expect(asked, 'the browser asks before a page with unsent decisions is left').toEqual(['beforeunload']);
  await expect(strip(one)).toContainText(QUEUED);
  const entries = (await tool(one, 'Outbox')).getByRole('listitem');
  await expect(entries).toHaveText([/Approve a gate.*Write the report with these findings\?.*Queued/]);
  await expect(dialog(one), 'what was decided does not ask again').toHaveCount(0);
  await expect(dialog(two)).toContainText(QUEUED);
  expect(existsSync(report)).toBe(false);

  await fault(server, 'mend', {});
  await connection(one).getByRole('button', { name: 'Try now' }).click();
  await each([one, two], async (page) => {
    await expect(connection(page)).toHaveText(/Live/, { timeout: BACK_MS });
    await expect(toast(page, 'approved by Ada: looks good')).toHaveCount(1);
    await expect(dialog(page)).toHaveCount(0);
    await expect(strip(page)).not.toContainText('Decision');
  });
  await two.getByRole('navigation', { name: 'Runs' }).getByRole('link', { name: 'Audit' }).click();
  await each([one, two], async (page) => {
    await expect(runHeader(page)).toHaveText(/Succeeded.*8 of 8 done/, { timeout: RUN_MS });
  });
  await expect(entries).toHaveCount(0);
  expect(await readFile(report, 'utf8')).toMatch(/^# Audit of /);
  const inspector = await tool(one, 'Inspector');
  await expect(inspector).toContainText('Sockets live');
  expect(await figure(inspector, 'Sockets live')).toBe(1);
  expect(await figure(inspector, 'Tabs')).toBe(2);

  expect(await server.stop()).toBe(0);
  const decisions = (await history(server, runId)).filter(({ type }) => type === 'human_gate_resolved');
  expect(decisions).toEqual([
    expect.objectContaining({ verdict: 'approve', how: 'decided', by: 'Ada', comment: 'looks good' }),
  ]);
});

test('two tabs decide the same gate at the same moment: one decision is made, and both tabs show it', async ({
  serve,
  open,
}) => {
  const server = await serve(GATE);
  const one = await open(server);
  const two = await open(server);
  const runId = await startRun(one);
  await expect(dialog(one)).toBeVisible();
  await expect(dialog(two)).toBeVisible();
  await fault(server, 'cut', { seconds: CUT_SECONDS });
  await expect(connection(two)).toHaveText(/Connection lost/);

  const at = Date.now() + 300;
  await Promise.all([pressAt(one, 'Approve', at), pressAt(two, 'Reject', at)]);

  const underWay = /^(Approved|Rejected)\. It is stored in this browser/;
  await each([one, two], async (page) => {
    await expect(dialog(page)).toContainText(QUEUED);
    await expect(dialog(page).getByText(underWay)).toBeVisible();
    await expect(dialog(page).getByRole('button')).toHaveText(['Close']);
  });
  const verdict = await dialog(one).getByText(underWay).textContent();
  await expect(dialog(two).getByText(underWay)).toHaveText(verdict ?? '');

  await fault(server, 'mend', {});
  const words = verdict?.startsWith('Approved') ? 'approved' : 'rejected';
  await each([one, two], async (page) => {
    await expect(dialog(page)).toHaveCount(0, { timeout: BACK_MS });
    await expect(toast(page, `${words} by Ada`)).toHaveCount(1);
    await expect((await tool(page, 'Outbox')).getByText('Nothing is waiting.')).toBeVisible();
  });
  expect(await server.stop()).toBe(0);
  const decisions = (await history(server, runId)).filter(({ type }) => type === 'human_gate_resolved');
  expect(decisions).toHaveLength(1);
});

test('two operators decide the same gate while they are cut off: the second one is told, and nothing runs twice', async ({
  serve,
  open,
}) => {
  const server = await serve(GATE);
  const ada = await open(server);
  const grace = await open(server, { name: 'Grace' });
  const runId = await startRun(ada);
  await expect(dialog(grace)).toBeVisible();
  await expect(dialog(ada)).toBeVisible();
  await fault(server, 'cut', { seconds: CUT_SECONDS });
  await each([ada, grace], async (page) => {
    await approve(page).click();
    await expect(dialog(page)).toContainText(QUEUED);
  });
  await fault(server, 'mend', {});

  await each([ada, grace], async (page) => {
    await expect(toast(page, / – approved by (Ada|Grace)/)).toHaveCount(1, { timeout: BACK_MS });
    await expect(dialog(page)).toHaveCount(0);
  });
  const first = (await toast(ada, / – approved by (Ada|Grace)/).textContent())?.includes('by Ada')
    ? 'Ada'
    : 'Grace';
  const late = first === 'Ada' ? grace : ada;
  await expect(toast(late, `The server refused the decision: It was approved by ${first}.`)).toHaveCount(1);
  const outbox = await tool(late, 'Outbox');
  await expect(outbox.getByRole('listitem')).toHaveText([/Refused by the server.*It was approved by/]);
  await outbox.getByRole('button', { name: 'Dismiss' }).click();
  await expect(outbox.getByText('Nothing is waiting.')).toBeVisible();
  await expect(runHeader(ada)).toHaveText(/Succeeded.*2 of 2 done/);
  expect(await server.stop()).toBe(0);
  const decisions = (await history(server, runId)).filter(({ type }) => type === 'human_gate_resolved');
  expect(decisions).toEqual([expect.objectContaining({ by: first })]);
});

test('a gate expires: its dialogs close, but for the one where somebody was writing', async ({
  serve,
  open,
}) => {
  const server = await serve({
    nodes: [
      { id: 'gate', gate: { title: 'Stop here?', timeLimitSeconds: 20, onExpiry: 'approve' } },
      { id: 'goes-on', title: 'Goes on', after: ['gate'], run: ['true'] },
    ],
  });
  const one = await open(server);
  const two = await open(server);
  await startRun(one);
  await expect(dialog(one)).toContainText(/0:\d\d left, then approved/);
  await dialog(two).getByLabel('Comment').fill('wait for');

  await expect(dialog(one)).toHaveCount(0, { timeout: BACK_MS });
  await each([one, two], async (page) => {
    await expect(toast(page, 'nobody decided in time')).toHaveCount(1);
  });
  await expect(dialog(two)).toContainText('It expired and was approved');
  await expect(dialog(two)).toContainText('Your comment was not sent');
  await expect(dialog(two).getByLabel('Comment')).toHaveValue('wait for');
  await expect(dialog(two).getByLabel('Comment')).toBeFocused();
  await expect(approve(two)).toHaveCount(0);
  await dialog(two).getByRole('button', { name: 'Close' }).click();
  await expect(dialog(two)).toHaveCount(0);
  await expect(runHeader(one)).toHaveText(/Succeeded.*2 of 2 done/);
});

test('a decision that waits for the line beyond its gate’s end says so, and is told as too late when the line is back', async ({
  serve,
  open,
}) => {
  const server = await serve({
    nodes: [{ id: 'gate', gate: { title: 'Ship it?', timeLimitSeconds: 20, onExpiry: 'reject' } }],
  });
  const page = await open(server);
  const runId = await startRun(page);
  await expect(dialog(page)).toBeVisible();
  await fault(server, 'cut', { seconds: CUT_SECONDS });
  await expect(dialog(page)).toContainText(/If it is not back within 0:\d\d, a decision arrives too late/);
  await approve(page).click();
  await expect(dialog(page)).toContainText(QUEUED);

  // Only the server knows: its clock stands still where it is down.
  await expect(dialog(page)).toContainText("by this page's clock the time for a decision is up");
  await expect(dialog(page)).toContainText(QUEUED);
  await page.goto(`${server.url}/#/`);
  await fault(server, 'mend', {});
  await expect(toast(page, 'rejected, because your approval was too late')).toHaveCount(1, {
    timeout: BACK_MS,
  });
  const refused = toast(page, /The server refused the decision: Your approval arrived \d+ (s|min) after the/);
  await expect(refused).toHaveCount(1);
  await expect(toast(page, 'nobody decided')).toHaveCount(0);
  await expect(dialog(page)).toHaveCount(0);
  await refused.getByRole('button', { name: 'Show run' }).click();
  await expect(page).toHaveURL(`${server.url}/#/${runId}`);
  const outbox = await tool(page, 'Outbox');
  await expect(outbox.getByRole('listitem')).toHaveText([
    /Approve a gate.*Ship it\?.*Test run.*started .* by Ada.*Refused by the server/,
  ]);
});

/** Presses the button of the open dialog at a moment by the clock. */
function pressAt(page: Page, name: string, at: number): Promise<void> {
  return dialog(page)
    .getByRole('button', { name })
    .evaluate(async (button, time) => {
      await new Promise((resolve) => setTimeout(resolve, time - Date.now()));
      if (button instanceof HTMLButtonElement) button.click();
    }, at);
}
