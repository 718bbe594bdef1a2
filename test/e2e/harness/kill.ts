import { type Browser, type CDPSession, expect } from '@playwright/test';
import { attach } from './attach.ts';
import { workerOf, workersOf } from './worker.ts';

/** How often it is tried to tell one renderer by its work. */
const MEASUREMENTS = 20;

/** Kills the SharedWorker of this origin, as a crash would: neither it nor its pages are told. */
export async function killWorker(browser: Browser, origin: string): Promise<void> {
  const devtools = await browser.newBrowserCDPSession();
  const workers = await workersOf(devtools, origin);
  expect(workers, 'the workers of this origin').toHaveLength(1);
  for (const targetId of workers) await devtools.send('Target.closeTarget', { targetId });
  await expect
    .poll(
      async () => (await workersOf(devtools, origin)).filter((each) => workers.includes(each)),
      'the killed worker',
    )
    .toEqual([]);
  await devtools.detach();
}

/**
 * SIGKILL to the renderer of the only SharedWorker of this origin, with all that lives in there: the tab that created
 * the worker, and whatever else of this site Chromium put there.
 */
export async function killRendererOfWorker(browser: Browser, origin: string): Promise<void> {
  process.kill(await rendererOfWorker(browser, origin), 'SIGKILL');
}

/** The process id of the renderer in which the only SharedWorker of this origin lives. */
export async function rendererOfWorker(browser: Browser, origin: string): Promise<number> {
  const devtools = await browser.newBrowserCDPSession();
  const worker = await workerOf(devtools, origin);
  try {
    let last: number | null = null;
    for (let tries = 0; tries < MEASUREMENTS; tries++) {
      const before = await processorTimes(devtools);
      await keepBusy(devtools, worker);
      const [busiest, second] = [...(await processorTimes(devtools))]
        .map(([id, seconds]) => ({ id, spent: seconds - (before.get(id) ?? 0) }))
        .sort((one, other) => other.spent - one.spent);
      // Others may be at work as well; one that Chromium just starts is at work once.
      const found = busiest && busiest.spent > 3 * (second?.spent ?? 0) ? busiest.id : null;
      if (found !== null && found === last) return found;
      last = found;
    }
  } finally {
    await devtools.detach();
  }
  throw new Error("the worker's renderer could not be told from the others by its work");
}

/** SIGKILL to the browser's own process: its renderers end with it. */
export async function killBrowser(browser: Browser): Promise<void> {
  const devtools = await browser.newBrowserCDPSession();
  const { processInfo } = await devtools.send('SystemInfo.getProcessInfo');
  const main = processInfo.find(({ type }) => type === 'browser');
  if (!main) throw new Error('Chromium does not name its own process');
  const gone = new Promise((resolve) => browser.once('disconnected', resolve));
  process.kill(main.id, 'SIGKILL');
  await gone;
}

/** Of every renderer. No call tells whose each one is, so that the one is made known by its work. */
async function processorTimes(devtools: CDPSession): Promise<Map<number, number>> {
  const { processInfo } = await devtools.send('SystemInfo.getProcessInfo');
  return new Map(
    processInfo.filter(({ type }) => type === 'renderer').map(({ id, cpuTime }) => [id, cpuTime]),
  );
}

/** With a fixed amount of work: on a busy machine, a time would be spent waiting. */
async function keepBusy(devtools: CDPSession, targetId: string): Promise<void> {
  const send = await attach(devtools, targetId);
  await send('Runtime.evaluate', {
    expression: '(() => { let sum = 0; for (let i = 0; i < 1e8; i++) sum = (sum + i) | 0; return sum; })()',
  });
}
