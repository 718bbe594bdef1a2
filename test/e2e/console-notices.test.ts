import type { Locator } from '@playwright/test';
import {
  details,
  dialog,
  expect,
  graphNode,
  release,
  reports,
  runHeader,
  startRun,
  test,
  toast,
  waitsFor,
} from './harness/console.ts';

const breaks = (id: string, title: string) => ({
  id,
  title,
  after: ['ready'],
  run: ['sh', '-c', 'echo "no configuration" >&2; exit 3'],
});

test('three nodes that fail are one notice, which covers nothing at any width, opens the list, and that their nodes', async ({
  serve,
  open,
}) => {
  const server = await serve({
    nodes: [
      { id: 'ready', title: 'Ready', run: waitsFor('go') },
      breaks('lint', 'Lint the source'),
      breaks('types', 'Check the types'),
      breaks('build', 'Build it'),
      { id: 'gate', title: 'Gate', after: ['ready'], gate: { title: 'Go on?', timeLimitSeconds: 86_400 } },
    ],
  });
  const page = await open(server);
  await expect(page).toHaveTitle('Trunkline console');
  const runId = await startRun(page);
  await expect(page).toHaveTitle('Test run – Trunkline console');
  await release(server, runId, 'go');

  const notice = toast(page, /^3 nodes have failed: /);
  await expect(notice).toContainText('Lint the source');
  await expect(toast(page, '')).toHaveCount(1);
  await expect(page).toHaveTitle('(1) Decision needed – Test run');
  await expect(icon(page.locator('link[rel="icon"]'))).toHaveCount(1);
  await expect.poll(async () => (await reports(server)).length).toBe(3);

  for (const width of [1_280, 800, 390]) {
    await page.setViewportSize({ width, height: 800 });
    for (const name of ['Reject', 'Approve']) {
      // It would time out where something lies above the button.
      await dialog(page).getByRole('button', { name, exact: true }).click({ trial: true });
    }
  }
  await dialog(page).getByRole('button', { name: 'Approve', exact: true }).click();
  await expect(page).toHaveTitle('Test run – Trunkline console');
  await expect(icon(page.locator('link[rel="icon"]'))).toHaveCount(0);
  for (const width of [1_280, 800, 390]) {
    await page.setViewportSize({ width, height: 800 });
    for (const part of [page.locator('section.run'), page.locator('.strip'), page.getByRole('banner')])
      expect(await overlap(notice, part), `at a width of ${width}`).toBe(false);
  }

  await page.setViewportSize({ width: 1_280, height: 800 });
  await notice.getByRole('button', { name: 'Show all' }).click();
  await expect(notice).toHaveCount(0);
  const list = page.getByRole('complementary', { name: 'Failures' });
  await expect(list.getByRole('listitem')).toHaveCount(3);
  await list.getByRole('button', { name: 'Build it' }).click();
  await expect(details(page).getByRole('heading', { name: 'Build it' })).toBeVisible();
  await expect(graphNode(page, 'Build it')).toHaveAttribute('data-state', 'failed');
  await expect(runHeader(page)).toContainText('Failed');
});

const icon = (link: Locator): Locator => link.and(link.page().locator('[href*="waiting"]'));

async function overlap(one: Locator, other: Locator): Promise<boolean> {
  const [a, b] = [await one.boundingBox(), await other.boundingBox()];
  if (!a || !b) throw new Error('both must be there to be compared');
  return a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;
}
