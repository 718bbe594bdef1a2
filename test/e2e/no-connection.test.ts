/** What a page's console says where there is no connection. */
import type { Page } from '@playwright/test';
import { expect, test } from './harness/lab.ts';

function linesOf(page: Page): string[] {
  const lines: string[] = [];
  page.on('console', (line) => {
    if (line.text().startsWith('[trunkline] ')) lines.push(line.text());
  });
  return lines;
}

test('a page whose origin the server refuses says in one line where it did not get, and what the browser hides', async ({
  network,
  open,
  serve,
}) => {
  const server = await serve({ allowedOrigins: ['https://elsewhere.test'] });
  const tab = await open();
  const lines = linesOf(tab.page);
  await tab.page.reload();
  await expect.poll(() => server.stats().upgradesRefused).toBeGreaterThan(2);
  await expect
    .poll(() => lines)
    .toEqual([
      `[trunkline] no connection to ws://127.0.0.1:${network.port}/ws: network, code 1006; browsers hide what was answered; see "When it does not work" in its guide`,
    ]);
});
