import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { type Browser, type BrowserContext, chromium } from '@playwright/test';
import { CHROMIUM_ARGS, chromiumPath } from '../../../scripts/chromium.ts';

/** A browser that lives as people's do: with a profile that outlives it, and with tabs that are hidden when they are. */
export interface OwnBrowser {
  readonly browser: Browser;
  readonly context: BrowserContext;
  /** SIGKILL to the browser's own process: its renderers end with it. */
  kill(): Promise<void>;
}

/** Beside Chromium's: else it asks the system's keyring, where there is one. */
const ARGS = [...CHROMIUM_ARGS, '--headless', '--password-store=basic', '--remote-debugging-port=0'];

/**
 * Playwright has every page of a browser that it starts believe that it is seen and has the focus, and only a hidden one
 * can be frozen. It leaves alone what it joins with `noDefaults`.
 *
 * @param args more flags of Chromium's
 */
export async function startOwnBrowser(profile: string, args: readonly string[] = []): Promise<OwnBrowser> {
  const child = spawn(chromiumPath(), [...ARGS, ...args, `--user-data-dir=${profile}`, 'about:blank'], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const exited = once(child, 'exit');
  const killAtEnd = () => child.kill('SIGKILL');
  process.once('exit', killAtEnd);
  const browser = await chromium.connectOverCDP(await addressOf(child), { noDefaults: true });
  const [context] = browser.contexts();
  if (!context) throw new Error('Chromium has no profile');
  return {
    browser,
    context,
    async kill() {
      child.kill('SIGKILL');
      await exited;
      process.off('exit', killAtEnd);
      await browser.close();
    },
  };
}

async function addressOf(child: ChildProcess): Promise<string> {
  if (!child.stderr) throw new Error('Chromium was started without a pipe to read from');
  for await (const line of createInterface({ input: child.stderr })) {
    const said = /DevTools listening on (ws:\S+)/.exec(line);
    if (!said?.[1]) continue;
    // What it says later is read as well, so that its pipe never fills.
    child.stderr.resume();
    return said[1];
  }
  throw new Error('Chromium ended before it said its address');
}
