import { type Browser, type CDPSession, expect } from '@playwright/test';
import { attach } from './attach.ts';

/** The targets of all SharedWorkers of this origin. */
export async function workersOf(devtools: CDPSession, origin: string): Promise<string[]> {
  const { targetInfos } = await devtools.send('Target.getTargets');
  return targetInfos
    .filter(({ type, url }) => type === 'shared_worker' && url.startsWith(origin))
    .map(({ targetId }) => targetId);
}

/** The target of the only one. */
export async function workerOf(devtools: CDPSession, origin: string): Promise<string> {
  const [worker, ...others] = await workersOf(devtools, origin);
  if (!worker || others.length > 0) throw new Error(`${origin} does not have one worker`);
  return worker;
}

/** Bytes that it holds, without its garbage. */
export async function heapOfWorker(browser: Browser, origin: string): Promise<number> {
  const devtools = await browser.newBrowserCDPSession();
  const send = await attach(devtools, await workerOf(devtools, origin));
  await send('HeapProfiler.collectGarbage');
  const { usedSize } = (await send('Runtime.getHeapUsage')) as { usedSize: number };
  await devtools.detach();
  return usedSize;
}

/** Waits until the hub of the pages that were closed is gone: by itself, or as its browser does after 300 s. */
export async function endHub(browser: Browser, origin: string): Promise<void> {
  const devtools = await browser.newBrowserCDPSession();
  for (const targetId of await workersOf(devtools, origin)) {
    await devtools.send('Target.closeTarget', { targetId }).catch((error: unknown) => {
      // It ended by itself after it was listed.
      if (!String(error).includes('No target with given id')) throw error;
    });
  }
  await expect.poll(() => workersOf(devtools, origin), 'the hub of closed pages').toEqual([]);
  await devtools.detach();
}
