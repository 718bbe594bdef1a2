import { readdir, readFile } from 'node:fs/promises';
import { type Browser, chromium, type Page } from 'playwright';
import { CHROMIUM_ARGS, chromiumPath } from '../../scripts/chromium.ts';
import type {} from '../shared/contract.ts';

/** A browser that shares nothing with the one before it. */
export interface BenchBrowser {
  readonly browser: Browser;
  /**
   * Loaded, connected to nothing, and in a window of its own: where several pages share a window, a headless Chromium
   * holds the frames of all but one back, for a second at a time.
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

export async function startBrowser(): Promise<BenchBrowser> {
  const browser = await chromium.launch({
    executablePath: chromiumPath(),
    args: [...CHROMIUM_ARGS, WITHOUT_ADDRESS_BAR_PAGES],
  });
  const context = await browser.newContext();
  const devtools = await browser.newBrowserCDPSession();
  let windowOf: string | undefined;
  let opening: Promise<unknown> = Promise.resolve();
  /** One after the other, so that each finds its own page. */
  const openWindow = (): Promise<Page> => {
    const opened = opening.then(async () => {
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
    });
    opening = opened.catch(() => {});
    return opened;
  };
  const processes = async () => (await devtools.send('SystemInfo.getProcessInfo')).processInfo;
  return {
    browser,
    async openTab(origin) {
      const page = await openWindow();
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
    async close() {
      await browser.close();
    },
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
