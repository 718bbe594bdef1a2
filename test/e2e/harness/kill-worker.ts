import { type Browser, expect } from '@playwright/test';

/** Kills the SharedWorker of this origin, as a crash would: neither it nor its pages are told. */
export async function killWorker(browser: Browser, origin: string): Promise<void> {
  const devtools = await browser.newBrowserCDPSession();
  const find = async () => {
    const { targetInfos } = await devtools.send('Target.getTargets');
    return targetInfos.filter(({ type, url }) => type === 'shared_worker' && url.startsWith(origin));
  };
  const workers = await find();
  expect(workers, 'the workers of this origin').toHaveLength(1);
  for (const { targetId } of workers) await devtools.send('Target.closeTarget', { targetId });
  const killed = workers.map(({ targetId }) => targetId);
  await expect
    .poll(async () => (await find()).filter(({ targetId }) => killed.includes(targetId)), 'the killed worker')
    .toEqual([]);
  await devtools.detach();
}
