import { findWebKit } from '../../../scripts/webkit.ts';
import { lastingPort } from '../../../testing/network/lasting-port.ts';
import type { Driver } from '../driver.ts';
import { type Child, startChild } from './child.ts';
import { only, processesOf } from './processes.ts';
import { startSession, untilReady } from './webdriver.ts';

/** Linux cuts names after 15 characters, and WebKit those of threads at their end. */
const PROCESS = 'WebKitWebProces';
const READY_TIMEOUT_MS = 10_000;
const WORKER_THREAD = /SharedWorker$/;

/**
 * By WebDriver. The driver starts WebKitGTK's MiniBrowser, which needs a display; all windows are real and visible. It
 * gives its session up when a page's process crashes, while the browser itself and the other pages go on.
 */
export async function startWebKit(): Promise<Driver> {
  const found = findWebKit();
  if (typeof found === 'string') throw new Error(found);
  const children: Child[] = [];
  const start = (...what: Parameters<typeof startChild>) => {
    const child = startChild(...what);
    children.push(child);
    return child;
  };
  const quit = async () => {
    // The driver first: it ends its browser.
    for (const child of children.reverse()) await child.end();
  };
  try {
    const display = start(found.Xvfb, ['-displayfd', '3', '-nolisten', 'tcp']);
    // The driver does not say which port it was given.
    const port = await lastingPort();
    const driver = start(found.WebKitWebDriver, [`--port=${port}`], {
      DISPLAY: `:${await display.says(3, /^\d+$/)}`,
    });
    const url = `http://127.0.0.1:${port}`;
    await untilReady(url, READY_TIMEOUT_MS);
    const session = await startSession(url);
    const pages = () => processesOf(driver.pid).filter(({ name }) => name === PROCESS);
    return {
      version: `WebKitGTK ${session.browserVersion}`,
      async openTab(address) {
        const before = pages().map(({ pid }) => pid);
        const tab = await session.openTab(address);
        const after = pages().filter(({ pid }) => !before.includes(pid));
        return {
          ...tab,
          async crash() {
            process.kill(only(after, 'the processes of this tab').pid, 'SIGKILL');
          },
        };
      },
      async killWorker() {
        const hosts = pages().filter(({ threads }) => threads.some((name) => WORKER_THREAD.test(name)));
        process.kill(only(hosts, 'the processes with a worker').pid, 'SIGKILL');
      },
      quit,
    };
  } catch (error) {
    await quit();
    throw error;
  }
}
