import { existsSync, readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeWorkflow } from '../unit/demo/support/workflow.ts';
import {
  BACK_MS,
  connection,
  details,
  dialog,
  each,
  expect,
  fileOfRun,
  graphNode,
  history,
  RUN_MS,
  release,
  reports,
  runHeader,
  startRun,
  strip,
  test,
  toast,
  tool,
  waitsFor,
} from './harness/console.ts';

test('the budget warns under 20 % left, and is told when it is spent', async ({ serve, open }) => {
  const server = await serve({
    limit: 1,
    nodes: [
      { id: 'half', run: ['true'], cost: 0.5 },
      { id: 'third', after: ['half'], run: waitsFor('one'), cost: 0.32 },
      { id: 'rest', after: ['third'], run: waitsFor('two'), cost: 0.3 },
      { id: 'never', title: 'Too expensive', after: ['rest'], run: ['true'] },
    ],
  });
  const one = await open(server);
  const runId = await startRun(one);
  const two = await open(server, { runId });
  const budget = (page: typeof one) => page.getByRole('region', { name: 'Budget' });
  await each([one, two], async (page) => {
    await expect(budget(page)).toHaveText('$0.50 of $1.0050 % left');
    await expect(budget(page)).toHaveAttribute('data-level', 'fine');
  });

  await release(server, runId, 'one');
  await each([one, two], async (page) => {
    await expect(budget(page)).toHaveAttribute('data-level', 'low');
    await expect(budget(page)).toContainText('18 % left');
    await expect(budget(page).getByRole('status')).toHaveText('Less than a fifth of the budget is left.');
  });

  await release(server, runId, 'two');
  await each([one, two], async (page) => {
    await expect(budget(page)).toContainText('Budget spent');
    await expect(budget(page).getByRole('status')).toHaveText('The budget is spent.');
    await expect(toast(page, 'The budget of 1 USD is used up')).toHaveCount(1);
    await expect(graphNode(page, 'Too expensive')).toHaveAttribute('data-state', 'skipped');
  });
});

test('an error is told in every tab, its node is marked, it is reported once, and the node can be run again', async ({
  serve,
  open,
}) => {
  const server = await serve({
    nodes: [
      { id: 'ready', title: 'Ready', run: waitsFor('go') },
      {
        id: 'breaks',
        title: 'Breaks',
        after: ['ready'],
        run: ['sh', '-c', 'echo "no such configuration" >&2; [ -e mended ] || exit 3'],
      },
    ],
  });
  const one = await open(server);
  const runId = await startRun(one);
  const two = await open(server, { runId });
  await expect(graphNode(two, 'Ready')).toHaveAttribute('data-state', 'running');

  await release(server, runId, 'go');

  await each([one, two], async (page) => {
    await expect(toast(page, /^Breaks .*3/)).toHaveCount(1);
    await expect(graphNode(page, 'Breaks')).toHaveAttribute('data-state', 'failed');
    await expect(graphNode(page, 'Breaks')).toHaveAttribute('data-highlighted', 'true');
    await expect(graphNode(page, 'Ready')).toHaveAttribute('data-highlighted', 'false');
  });
  const report = { from: 'page', runId, nodeId: 'breaks', message: expect.stringMatching(/^Breaks /) };
  await expect.poll(() => reports(server)).toEqual([expect.objectContaining(report)]);

  await toast(one, 'Breaks').getByRole('button', { name: 'Show node' }).click();
  await expect(details(one).getByRole('heading', { name: 'Breaks' })).toBeVisible();
  await expect(details(one)).toContainText('no such configuration');
  await writeFile(fileOfRun(server, runId, 'mended'), '');
  await details(one).getByRole('button', { name: 'Retry' }).click();
  await each([one, two], async (page) => {
    await expect(runHeader(page)).toHaveText(/Succeeded.*2 of 2 done/);
  });
  expect(await reports(server), 'still one report, of two tabs').toHaveLength(1);
});

const LONG = {
  nodes: [
    { id: 'anew', title: 'Can be begun anew', run: waitsFor('go'), repeatable: true },
    { id: 'once', title: 'Cannot', run: waitsFor('go') },
    { id: 'gate', title: 'Gate', gate: { title: 'Go on?', timeLimitSeconds: 86_400 } },
    { id: 'after', title: 'After all', after: ['anew', 'once', 'gate'], run: ['true'] },
  ],
};

test('the server is restarted in mid-run: what it broke off says so, and the run goes on to its end', async ({
  serve,
  open,
}) => {
  const server = await serve(LONG);
  const one = await open(server);
  const runId = await startRun(one);
  const two = await open(server, { runId });
  await each([one, two], async (page) => {
    await dialog(page).getByRole('button', { name: 'Decide later' }).click();
    for (const title of ['Can be begun anew', 'Cannot']) {
      await expect(graphNode(page, title)).toHaveAttribute('data-state', 'running');
    }
  });

  await (await tool(one, 'Faults')).getByRole('button', { name: 'Restart' }).click();

  await expect(toast(one, 'The server restarts')).toHaveCount(1);
  await each([one, two], async (page) => {
    await expect(connection(page)).not.toHaveText(/Live/);
  });
  await each([one, two], async (page) => {
    await expect(connection(page)).toHaveText(/Live/, { timeout: BACK_MS });
    await expect(graphNode(page, 'Can be begun anew')).toHaveText(/Running · 2\/2/);
    await expect(graphNode(page, 'Cannot')).toHaveAttribute('data-state', 'interrupted');
    await expect(graphNode(page, 'Gate')).toHaveAttribute('data-state', 'waiting');
    await expect(toast(page, 'Cannot was broken off by a restart of the server')).toHaveCount(1);
    await expect(strip(page)).toContainText(/\d+ events? while you were away, state is current/);
  });

  await tool(one, 'Faults');
  await release(server, runId, 'go');
  await toast(one, 'Cannot was').getByRole('button', { name: 'Show node' }).click();
  await details(one).getByRole('button', { name: 'Retry' }).click();
  await expect(graphNode(two, 'Cannot')).toHaveAttribute('data-state', 'succeeded');
  await strip(two).getByRole('button', { name: 'Review' }).click();
  await dialog(two).getByRole('button', { name: 'Approve' }).click();
  await each([one, two], async (page) => {
    await expect(runHeader(page)).toHaveText(/Succeeded.*4 of 4 done/);
  });
});

test('the server is killed, decided on meanwhile, and started again with its data: the run goes on, the decision counts once', async ({
  serve,
  open,
}) => {
  const pipeline = { nodes: LONG.nodes.filter(({ id }) => id !== 'once').map(withoutOnce) };
  const first = await serve(pipeline);
  const page = await open(first);
  const runId = await startRun(page);
  await expect(dialog(page)).toBeVisible();
  await expect(graphNode(page, 'Can be begun anew')).toHaveAttribute('data-state', 'running');

  await first.kill();
  await expect(connection(page)).toHaveText(/Connection lost/);
  await dialog(page).getByRole('button', { name: 'Approve' }).click();
  await expect(dialog(page)).toContainText('Decision queued – connection lost');
  const second = await serve(pipeline, first);

  await expect(connection(page)).toHaveText(/Live/, { timeout: BACK_MS });
  await expect(dialog(page)).toHaveCount(0);
  await expect(toast(page, 'approved by Ada')).toHaveCount(1);
  await expect(graphNode(page, 'Gate')).toHaveAttribute('data-state', 'succeeded');
  await expect(graphNode(page, 'Can be begun anew')).toHaveText(/Running · 2\/2/);
  await release(second, runId, 'go');
  await expect(runHeader(page)).toHaveText(/Succeeded.*3 of 3 done/);
  expect(await second.stop()).toBe(0);
  const decisions = (await history(second, runId)).filter(({ type }) => type === 'human_gate_resolved');
  expect(decisions).toHaveLength(1);
});

test('a real workflow is replayed at a high speed, and its stages show every task done', async ({
  startMain,
  open,
  data,
}) => {
  const workflow = workflowIn(data);
  const { specification } = JSON.parse(readFileSync(workflow, 'utf8')).workflow;
  const count: number = specification.tasks.length;
  const server = await startMain(['--trace', workflow, '--speed', '60']);
  const page = await open(server);

  await page.getByRole('navigation', { name: 'Runs' }).getByRole('link', { name: 'Replay of' }).click();

  await expect(runHeader(page)).toHaveText(new RegExp(`Succeeded.*${count} of ${count} done`), {
    timeout: RUN_MS,
  });
  await expect(page.getByRole('region', { name: 'States of the nodes' })).toHaveText(`${count} Succeeded`);
  const stage = page.locator('.stage-card').first();
  await expect(stage).toHaveText(/([1-9]\d*) of \1 done/);
  await stage.click();
  await expect(page.locator('.graph-node[data-state="succeeded"]').first()).toBeVisible();
});

function withoutOnce<T extends { after?: string[] }>(node: T): T {
  return node.after ? { ...node, after: node.after.filter((id) => id !== 'once') } : node;
}

/** A recorded one where there are some beside the checkout, else one made up. */
function workflowIn(folder: string): string {
  const recorded = join(import.meta.dirname, '../../../shared/traces/seismology-chameleon-200p-001.json');
  return existsSync(recorded) ? recorded : writeWorkflow(folder, { layers: 10, width: 20, seconds: 20 });
}
