import type { Browser } from '@playwright/test';
import { expect, test } from './harness/lab.ts';
import { labConfig } from './harness/lab-page.ts';
import { openUnseenTab, type UnseenTab } from './harness/unseen-tab.ts';
import { endHub } from './harness/worker.ts';

async function openTab(browser: Browser, origin: string, port: number): Promise<UnseenTab> {
  const tab = await openUnseenTab(browser, origin, `window.labConfig = ${JSON.stringify(labConfig(port))};`);
  await expect
    .poll(() => tab.evaluate(() => window.lab?.client.topic('run').status.get().state))
    .toBe('live');
  return tab;
}

const rungIn = (tab: UnseenTab) => tab.evaluate(() => [...window.lab.rung]);
const isSeen = (tab: UnseenTab) => tab.evaluate(() => document.visibilityState);

test('of what one tab takes, a visible one has it; where that dies over it, another one; where none is seen, the one seen last', async ({
  browser,
  network,
  serve,
  site,
}) => {
  const server = await serve();
  const open = () => openTab(browser, site.origin, network.port);
  const first = await open();
  const second = await open();
  await expect.poll(() => isSeen(first)).toBe('hidden');
  await first.evaluate(() => window.lab.takeAlarms(0));
  await second.evaluate(() => window.lab.takeAlarms(0));
  const unacknowledged = () =>
    first.evaluate(async () =>
      (await window.lab.client.inspect()).topics.map((topic) => topic.unacknowledged),
    );

  await server.publish('run', { type: 'alarm', text: 'seen' });
  await expect.poll(() => rungIn(second)).toEqual(['seen']);
  await expect.poll(unacknowledged).toEqual([0]);
  expect(await rungIn(first)).toEqual([]);

  const third = await open();
  await third.evaluate(() => window.lab.takeAlarms(600_000));
  await expect.poll(() => isSeen(second)).toBe('hidden');
  await server.publish('run', { type: 'alarm', text: 'fatal' });
  await expect.poll(() => rungIn(third)).toEqual(['fatal']);
  expect(await rungIn(second)).toEqual(['seen']);
  // The browser shows one of the others in its place.
  await third.close();
  await expect
    .poll(async () => [...(await rungIn(first)), ...(await rungIn(second))].sort())
    .toEqual(['fatal', 'seen']);

  const blank = await openUnseenTab(browser, 'about:blank', '');
  for (const tab of [first, second]) await expect.poll(() => isSeen(tab)).toBe('hidden');
  await first.send('Page.bringToFront');
  await expect.poll(() => isSeen(first)).toBe('visible');
  await blank.send('Page.bringToFront');
  for (const tab of [first, second]) await expect.poll(() => isSeen(tab)).toBe('hidden');
  await server.publish('run', { type: 'alarm', text: 'unseen' });
  await expect.poll(() => rungIn(first)).toContain('unseen');
  expect(await rungIn(second)).not.toContain('unseen');

  for (const tab of [first, second, blank]) await tab.close();
  await endHub(browser, site.origin);
});
