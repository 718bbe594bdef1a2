/** How an operator finds why a run failed, takes the log along, and has what failed run again. */
import { readFile, writeFile } from 'node:fs/promises';
import {
  BACK_MS,
  connection,
  details,
  dialog,
  expect,
  fileOfRun,
  graphNode,
  runHeader,
  startRun,
  test,
  tool,
} from './harness/console.ts';

test('the reason of a failure is a click away, its log can be searched and saved, and all that failed runs again at once', async ({
  serve,
  open,
}) => {
  const breaks = (words: string) => [
    'sh',
    '-c',
    `i=0; while [ $i -lt 60 ]; do i=$((i+1)); echo "step $i"; done; [ -e mended ] || { echo "${words}" >&2; exit 3; }`,
  ];
  const server = await serve({
    nodes: [
      { id: 'one', title: 'Compile', run: breaks('no such header') },
      { id: 'two', title: 'Check', after: ['good'], run: breaks('no such type') },
      { id: 'good', title: 'Prepare', run: ['sleep', '0.5'] },
      { id: 'last', title: 'Pack', after: ['one', 'two'], run: ['true'] },
    ],
  });
  const page = await open(server);
  const runId = await startRun(page);

  await expect(runHeader(page)).toContainText('Compile ended with code 3; and 1 more');
  await runHeader(page).getByRole('link', { name: 'Compile' }).click();
  await expect(details(page).getByRole('heading', { name: 'Compile' })).toBeVisible();
  const log = details(page).getByRole('region', { name: 'Log' });
  await expect(log).toContainText('attempt 1 of 1 ended with code 3');
  await details(page).getByRole('searchbox', { name: 'Search the log' }).fill('HEADER');
  await expect(details(page).getByText('1 line', { exact: true })).toBeVisible();
  await expect(log.locator('mark')).toHaveText('header');

  const [download] = await Promise.all([
    page.waitForEvent('download'),
    details(page).getByRole('button', { name: 'Download the log' }).click(),
  ]);
  expect(download.suggestedFilename()).toBe(`test-${runId}-one.log`);
  const saved = await readFile(await download.path(), 'utf8');
  expect(saved.split('\n')[0]).toBe(`# Test run, run ${runId}: Compile (one)`);
  expect(saved).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z out step 60$/m);
  expect(saved).toMatch(/^\S+Z err no such header$/m);
  expect(saved).toMatch(/^\S+Z engine attempt 1 of 1 ended with code 3$/m);

  await writeFile(fileOfRun(server, runId, 'mended'), '');
  await page.getByRole('button', { name: 'Rerun 2 failed' }).click();
  await expect(runHeader(page)).toHaveText(/Succeeded.*4 of 4 done/);
  await page.getByRole('button', { name: 'Run again' }).click();
  await expect(page).not.toHaveURL(new RegExp(runId));
  await expect(runHeader(page)).toContainText('Compile ended with code 3');
});

test('a rerun from a node, asked for while the server is dead, waits in the outbox and happens once', async ({
  serve,
  open,
}) => {
  const pipeline = {
    nodes: [
      { id: 'first', title: 'First', run: ['true'] },
      { id: 'then', title: 'Then', after: ['first'], run: ['sh', '-c', 'echo ran >>ran'] },
    ],
  };
  const server = await serve(pipeline);
  const page = await open(server);
  const runId = await startRun(page);
  await expect(runHeader(page)).toHaveText(/Succeeded.*2 of 2 done/);
  await graphNode(page, 'First').click();
  await server.kill();
  await expect(connection(page)).toHaveText(/Connection lost/);

  await details(page).getByRole('button', { name: 'Rerun from here' }).click();
  await expect(dialog(page)).toContainText('2 nodes in all');
  await dialog(page).getByRole('button', { name: 'Rerun 2 nodes' }).click();
  await expect(details(page).getByRole('button', { name: 'Queued …' })).toBeDisabled();
  await expect(await tool(page, 'Outbox')).toContainText('Run again from');
  await tool(page, 'Outbox');
  const second = await serve(pipeline, server);

  await expect(connection(page)).toHaveText(/Live/, { timeout: BACK_MS });
  await expect(graphNode(page, 'Then')).toHaveAttribute('data-state', 'succeeded');
  await graphNode(page, 'Then').click();
  await expect(details(page)).toContainText('2 of 2');
  await expect(runHeader(page)).toHaveText(/Succeeded.*2 of 2 done/);
  expect(await readFile(fileOfRun(second, runId, 'ran'), 'utf8')).toBe('ran\nran\n');
});
