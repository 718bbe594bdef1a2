import { labConfig } from '../e2e/harness/lab-page.ts';
import { type LastingDriver, startFirefox } from './drivers/firefox.ts';
import { type EngineTab, expect, openTab, test } from './fixtures.ts';

test('with site and server ended, the browser is killed and started: page, hub, outbox and the state as of then are there, and what was decided before and after is accepted once, in order', async ({
  kept,
  outside,
  socketPort,
}, info) => {
  const profile = info.outputPath('kept');
  const open = (driver: LastingDriver) =>
    openTab(driver, kept.origin, labConfig(socketPort(), { worker: 'that keeps' }));
  const before = await startFirefox(profile);
  info.annotations.push({ type: 'browser', description: before.version });
  const tab = await open(before);
  await tab.is('open');
  await tab.isKept();
  await tab.decide('online', 'approved');
  await expect.poll(tab.known).toEqual(['live as of then', 'online approved']);
  await expect.poll(tab.kept).toContain('gate:online');
  await outside.end();
  await tab.isOffline();
  expect(await tab.decide('before', 'approved')).toMatchObject({ durable: true });
  await before.kill();

  const after = await startFirefox(profile);
  const reopened = await open(after);
  await opensOffline(reopened);
  expect(await reopened.decide('after', 'approved')).toMatchObject({ durable: true });
  await outside.comeBack();
  await reopened.reconnect();

  await expect.poll(reopened.outbox).toEqual([]);
  expect(outside.decided()).toEqual(['online', 'before', 'after']);
  expect(await reopened.errors()).toEqual([]);
  await after.quit();
});

async function opensOffline(tab: EngineTab): Promise<void> {
  await tab.isOffline();
  await expect.poll(tab.outbox).toEqual(['decide queued']);
  await expect.poll(tab.known).toEqual(['stale as of then', 'online approved']);
}
