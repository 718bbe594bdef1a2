import { readFile } from 'node:fs/promises';
import type { Page } from '@playwright/test';
import * as z from 'zod/mini';
import { runFile } from '../../demo/console/export/run-file.ts';
import { wfInstance } from '../unit/demo/support/wf-schema.ts';
import {
  BACK_MS,
  connection,
  details,
  dialog,
  each,
  expect,
  RUN_MS,
  runHeader,
  startRun,
  test,
} from './harness/console.ts';

const GATE = {
  nodes: [{ id: 'gate', title: 'Approval', gate: { title: 'Go on?', timeLimitSeconds: 86_400 } }],
};

/** What the button saves. */
async function saved(page: Page, name: string): Promise<unknown> {
  const downloading = page.waitForEvent('download');
  await details(page).getByRole('button', { name }).click();
  const download = await downloading;
  expect(download.suggestedFilename()).toMatch(/^test-.*\.json$/);
  return JSON.parse(await readFile(await download.path(), 'utf8'));
}

test('the history of a run has whose decision counted, whose came too late, and that no server was there; it can be saved', async ({
  serve,
  open,
}) => {
  const server = await serve(GATE);
  const ada = await open(server);
  const runId = await startRun(ada);
  const grace = await open(server, { runId, name: 'Grace' });
  const pages = [ada, grace];
  await each(pages, (page) => expect(dialog(page)).toContainText('Go on?', { timeout: RUN_MS }));
  await server.kill();
  await each(pages, (page) => expect(connection(page)).toHaveText(/Connection lost/));
  await dialog(ada).getByRole('button', { name: 'Approve' }).click();
  await dialog(grace).getByLabel('Comment').fill('Not on a Friday');
  await dialog(grace).getByRole('button', { name: 'Reject' }).click();
  await each(pages, (page) => expect(dialog(page)).toContainText('Decision queued'));

  await serve(GATE, server);
  await each(pages, (page) => expect(runHeader(page)).toHaveText(/Succeeded|Rejected/, { timeout: BACK_MS }));
  await ada.getByRole('button', { name: 'History' }).click();
  const entries = details(ada).getByRole('list', { name: 'Who did what' }).getByRole('listitem');
  const one = async (text: RegExp) => expect(entries.filter({ hasText: text })).toHaveCount(1);
  await expect(entries).toHaveCount(4);
  await one(/Ada started the run/);
  await one(/The server was restarted and goes on with the run.*no server was there for \d+ s/);
  // Whichever of them was there first.
  await one(/(Ada approved|Grace rejected) Approval/);
  await one(
    /(Ada wanted to approve|Grace wanted to reject) Approval.*Refused\. It was (approved|rejected) by/,
  );
  await one(/Grace .*Approval.*Not on a Friday/);

  await details(ada).getByText('Export').click();
  const file = z.parse(runFile, await saved(ada, 'JSON'));
  expect(file.history).toHaveLength(4);
  const instance = z.parse(wfInstance, await saved(ada, 'WfCommons'));
  expect(instance.workflow.specification.tasks).toMatchObject([{ id: 'gate', name: 'Approval' }]);
});
