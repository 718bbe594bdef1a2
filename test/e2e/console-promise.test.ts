import { existsSync } from 'node:fs';
import { connection, expect, fileOfRun, runHeader, strip, test } from './harness/console.ts';

/** The server is away for 16 s, the page for 20 s, and a person needs time to read. */
const PLAYED_MS = 180_000;

test('"Try the promise" plays to its end by itself, and proves what it says', async ({ startMain, open }) => {
  test.setTimeout(3 * PLAYED_MS);
  const server = await startMain();
  const one = await open(server);
  const two = await open(server);
  const reloaded = one.waitForEvent('load', { timeout: PLAYED_MS });

  // Only then there is something to reload while the server is away.
  await one.waitForFunction(() => navigator.serviceWorker.controller !== null);
  await one.getByRole('button', { name: 'Try the promise' }).click();

  await expect(strip(two)).toContainText('Decision queued – connection lost', { timeout: PLAYED_MS });
  await expect(connection(two)).not.toHaveText(/Live/);
  await reloaded;
  await expect(strip(one)).toContainText('No connection. As of ');
  await expect(one).toHaveURL(/away\.html$/, { timeout: PLAYED_MS });
  const promise = one.getByRole('region', { name: 'The promise' });
  await expect(promise.locator('.proof')).toHaveText(
    /1×accepted, from Ada; while this page was away.*1connection for 2 tabs/,
    { timeout: PLAYED_MS },
  );
  await expect(promise.locator('.stages > li[data-stage="done"]')).toHaveCount(8);
  await expect(runHeader(one)).toHaveText(/Succeeded.*8 of 8 done/);
  const runId = new URL(one.url()).hash.slice('#/'.length);
  expect(existsSync(fileOfRun(server, runId, 'report.md'))).toBe(true);
  await promise.getByRole('button', { name: 'Done' }).click();
  await expect(promise.locator('.proof')).toHaveCount(0);
});
