import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Browser, chromium, type Page } from 'playwright';
import { CHROMIUM_ARGS, chromiumPath } from '../../scripts/chromium.ts';
import { startOwnBrowser } from '../../test/e2e/harness/own-browser.ts';
import type {} from '../shared/contract.ts';

/** A browser that shares nothing with the one before it. */
export interface BenchBrowser {
  readonly browser: Browser;
  /**
   * Loaded, connected to nothing, and in front. In a window of its own it stays so. (Where several pages share a window that
   * Playwright has believe that they are seen, a headless Chromium holds the frames of all but one back, for a second at
   * a time.) In one window it hides the one before.
   */
  openTab(origin: string): Promise<Page>;
  /** Of all its processes together, pages that they share counted once. */
  memoryBytes(): Promise<number>;
  cpuMs(): Promise<number>;
  /** Of the threads of its shared workers. */
  workerCpuMs(): Promise<number>;
  close(): Promise<void>;
}

/**
 * Each window brings a page of Chromium's own for its address bar. From the fifth window on they keep a core busy (measured
 * with Chromium 156: 80 % of one with ten windows), which is nobody's work that is measured here. The switch takes the
 * place of Playwright's, as Chromium heeds the last one alone.
 */
const WITHOUT_ADDRESS_BAR_PAGES = '--disable-features=WebUIOmniboxPopup,WebUIOmniboxAimPopup';

type Windows = 'a window each' | 'one window';

export function startBrowser(windows: Windows = 'a window each'): Promise<BenchBrowser> {
  return windows === 'one window' ? startOneWindow() : startWindows();
}

/** As a person has it: Playwright lets pages be hidden only in a browser that it did not start. */
async function startOneWindow(): Promise<BenchBrowser> {
  const profile = await mkdtemp(join(tmpdir(), 'trunkline-profile-'));
  const own = await startOwnBrowser(profile, [WITHOUT_ADDRESS_BAR_PAGES]);
  const end = async () => {
    await own.kill();
    await rm(profile, { recursive: true, force: true, maxRetries: 5 });
  };
  return benchBrowserOf(
    own.browser,
    inTurn(() => own.context.newPage()),
    end,
  );
}

async function startWindows(): Promise<BenchBrowser> {
  const browser = await chromium.launch({
    executablePath: chromiumPath(),
    args: [...CHROMIUM_ARGS, WITHOUT_ADDRESS_BAR_PAGES],
  });
  const context = await browser.newContext();
  const devtools = await browser.newBrowserCDPSession();
  let windowOf: string | undefined;
  const openWindow = async (): Promise<Page> => {
    if (windowOf === undefined) {
      const page = await context.newPage();
      const { targetInfo } = await (await context.newCDPSession(page)).send('Target.getTargetInfo');
      windowOf = targetInfo.browserContextId ?? '';
      return page;
    }
    const [page] = await Promise.all([
      context.waitForEvent('page'),
      devtools.send('Target.createTarget', {
        url: 'about:blank',
        newWindow: true,
        browserContextId: windowOf,
      }),
    ]);
    return page;
  };
  return benchBrowserOf(browser, inTurn(openWindow), () => browser.close());
}

/** One after the other, so that each finds its own page, and the last one asked for is in front. */
function inTurn(open: () => Promise<Page>): () => Promise<Page> {
  let opening: Promise<unknown> = Promise.resolve();
  return () => {
    const opened = opening.then(open);
    opening = opened.catch(() => {});
    return opened;
  };
}

async function benchBrowserOf(
  browser: Browser,
  openPage: () => Promise<Page>,
  close: () => Promise<void>,
): Promise<BenchBrowser> {
  const devtools = await browser.newBrowserCDPSession();
  const processes = async () => (await devtools.send('SystemInfo.getProcessInfo')).processInfo;
  return {
    browser,
    async openTab(origin) {
      const page = await openPage();
      page.on('pageerror', (error) => console.error(`the page threw: ${error.stack ?? error.message}`));
      page.on('console', (message) => {
        // A server that is gone is part of some cases.
        if (message.type() === 'error' && !/ERR_CONNECTION_REFUSED/.test(message.text()))
          console.error(`the page said: ${message.text()}`);
      });
      await page.goto(origin);
      return page;
    },
    async memoryBytes() {
      let bytes = 0;
      for (const { id } of await processes()) bytes += await proportionalBytes(id);
      return bytes;
    },
    async cpuMs() {
      return (await processes()).reduce((sum, { cpuTime }) => sum + cpuTime * 1_000, 0);
    },
    async workerCpuMs() {
      let ms = 0;
      for (const { id } of await processes()) ms += await threadMs(id, WORKER_THREAD);
      return ms;
    },
    close,
  };
}

/** As Chromium names the thread of a shared worker, as far as Linux keeps names. */
const WORKER_THREAD = 'SharedWorker th';

/** Linux counts what each thread ran for, in ns: the first number of `schedstat`. */
async function threadMs(pid: number, name: string): Promise<number> {
  const tasks = `/proc/${pid}/task`;
  let ns = 0;
  for (const task of await readdir(tasks).catch(() => [])) {
    const read = (file: string) => readFile(`${tasks}/${task}/${file}`, 'utf8').catch(() => '');
    if ((await read('comm')).trim() === name) ns += Number((await read('schedstat')).split(' ')[0]);
  }
  return ns / 1e6;
}

/** Linux's PSS: private memory, and a share of what is shared. */
async function proportionalBytes(pid: number): Promise<number> {
  const rollup = await readFile(`/proc/${pid}/smaps_rollup`, 'utf8').catch(() => '');
  return Number(/^Pss:\s+(\d+) kB/m.exec(rollup)?.[1] ?? 0) * 1_024;
}
