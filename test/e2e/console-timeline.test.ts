import {
  details,
  expect,
  graphNode,
  RUN_MS,
  release,
  runHeader,
  startRun,
  test,
  waitsFor,
} from './harness/console.ts';

test('graph, table and timeline have one selection, and the timeline shows each attempt, what waits, and the longest chain', async ({
  serve,
  open,
}) => {
  const server = await serve({
    nodes: [
      { id: 'first', title: 'First', run: ['true'], cost: 0.1 },
      {
        id: 'flaky',
        title: 'Flaky',
        after: ['first'],
        run: ['sh', '-c', 'if [ -e tried ]; then exit 0; fi; touch tried; exit 1'],
        retries: 1,
        retryAfterSeconds: 0.1,
        cost: 0.2,
      },
      { id: 'long', title: 'Long', after: ['flaky'], run: waitsFor('go') },
    ],
  });
  const page = await open(server);
  const runId = await startRun(page);
  await expect(graphNode(page, 'Long')).toHaveAttribute('data-state', 'running');
  await graphNode(page, 'Flaky').click();
  await expect(details(page).getByRole('heading', { name: 'Flaky' })).toBeVisible();

  const shapes = page.getByRole('group', { name: 'Show the nodes as' });
  const timeline = page.getByRole('region', { name: 'Timeline' });
  const row = (title: string) => timeline.getByRole('option', { name: new RegExp(`^${title}, `) });
  await shapes.getByText('Timeline').click();
  await expect(row('Flaky')).toHaveAttribute('aria-selected', 'true');
  await expect(row('Flaky')).toHaveAccessibleName(
    /^Flaky, succeeded: first attempt: .*ran \d.*, failed; second attempt: .*ran \d.*, succeeded; in the longest chain$/,
  );
  await expect(row('Flaky').locator('.timeline-bar[data-kind="ran"]')).toHaveCount(2);
  await expect(row('Long')).toHaveAccessibleName(/^Long, running: .*runs for \d/);
  await expect(timeline.locator('.timeline-now')).toBeVisible();
  await expect(timeline).toContainText(/The longest chain has taken .* of .*: First → Flaky → Long/);
  await expect(timeline.getByRole('region', { name: 'CPU, memory and cost over time' })).toContainText(
    /Cost\$0\.50 of \$1\.00, 50 % left/,
  );

  await row('Long').click();
  await expect(details(page).getByRole('heading', { name: 'Long' })).toBeVisible();
  await page.reload();
  await expect(row('Long'), 'a reload shows the same').toHaveAttribute('aria-selected', 'true');
  await timeline.getByRole('listbox').press('Home');
  await timeline.getByRole('listbox').press('Enter');
  await expect(page).toHaveURL(new RegExp(`#/${runId}/first$`));
  await shapes.getByText('Table').click();
  await expect(page.getByRole('row', { selected: true })).toContainText('First');

  await shapes.getByText('Timeline').click();
  await release(server, runId, 'go');
  await expect(runHeader(page)).toHaveText(/Succeeded/, { timeout: RUN_MS });
  await expect(timeline).toContainText(/The longest chain took .* of .*: First → Flaky → Long/);
  await expect(timeline.locator('.timeline-now')).toHaveCount(0);
});
