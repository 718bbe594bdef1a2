import { mkdir, rm } from 'node:fs/promises';
import puppeteer from 'puppeteer-core';
import { findFirefox } from '../../../scripts/firefox.ts';
import type { Driver } from '../driver.ts';
import { startChild } from './child.ts';
import { only, processesOf } from './processes.ts';

/** Of pages, and of the workers of their site; and of workers in it. */
const PROCESS = 'Isolated Web Co';
const WORKER_THREAD = 'DOM Worker';

/** Of a browser whose profile outlives it. */
export interface LastingDriver extends Driver {
  /** SIGKILL to the browser's own process, with which all others end. What is in its profile stays. */
  kill(): Promise<void>;
}

/**
 * By WebDriver BiDi. Started by hand: Puppeteer's own way switches site isolation off, which people's Firefox has on,
 * and gives it a process group that outlives this one's.
 *
 * @param profile a folder that is not there yet, or one that a Firefox which was killed has left.
 */
export async function startFirefox(profile: string): Promise<LastingDriver> {
  const found = findFirefox();
  if (typeof found === 'string') throw new Error(found);
  await mkdir(profile, { recursive: true });
  const child = startChild(found.path, [
    '--headless',
    '--remote-debugging-port=0',
    '--profile',
    profile,
    '--no-remote',
  ]);
  const quit = async () => {
    await child.end();
    await rm(profile, { recursive: true, force: true, maxRetries: 5 });
  };
  const pages = () => processesOf(child.pid).filter(({ name }) => name === PROCESS);
  try {
    const ready = await child.says(2, /WebDriver BiDi listening on ws:/);
    const browser = await puppeteer.connect({
      browserWSEndpoint: `${ready.replace(/^.*(?=ws:)/, '')}/session`,
      protocol: 'webDriverBiDi',
      defaultViewport: null,
    });
    return {
      version: `Firefox ${found.version.replace(/^.* /, '')}`,
      async openTab(url) {
        const page = await browser.newPage();
        const before = pages().map(({ pid }) => pid);
        await page.goto(url);
        const after = pages().filter(({ pid }) => !before.includes(pid));
        return {
          evaluate: (expression) => page.evaluate(expression),
          reload: async () => void (await page.reload()),
          close: () => page.close(),
          async crash() {
            process.kill(only(after, 'the processes of this tab').pid, 'SIGKILL');
          },
        };
      },
      async killWorker() {
        const hosts = pages().filter(({ threads }) => threads.some((name) => name.startsWith(WORKER_THREAD)));
        process.kill(only(hosts, 'the processes with a worker').pid, 'SIGKILL');
      },
      async kill() {
        await child.kill();
        await browser.disconnect();
      },
      async quit() {
        await browser.disconnect();
        await quit();
      },
    };
  } catch (error) {
    await quit();
    throw error;
  }
}
