import type { Browser } from '@playwright/test';
import { attachToTarget, type TargetSession } from './target-session.ts';

/**
 * A tab that Playwright does not drive: it lets every page of its own believe that it is seen, and only a hidden page
 * can be frozen. Such tabs share one browser profile and one window, where the newest one is in front.
 */
export interface UnseenTab {
  evaluate<T>(work: () => T | Promise<T>): Promise<T>;
  readonly send: TargetSession;
  close(): Promise<void>;
}

/** @param before runs in the page before its own scripts. */
export async function openUnseenTab(browser: Browser, url: string, before: string): Promise<UnseenTab> {
  const devtools = await browser.newBrowserCDPSession();
  const { targetId } = await devtools.send('Target.createTarget', { url: 'about:blank' });
  const send = await attachToTarget(devtools, targetId);
  await send('Page.enable');
  await send('Page.addScriptToEvaluateOnNewDocument', { source: before });
  await send('Page.navigate', { url });
  return {
    send,
    async evaluate<T>(work: () => T | Promise<T>) {
      const answer = await send('Runtime.evaluate', {
        expression: `(${work})()`,
        awaitPromise: true,
        returnByValue: true,
      });
      const { result, exceptionDetails } = answer as { result: { value: T }; exceptionDetails?: object };
      if (exceptionDetails) throw new Error(`the page threw: ${JSON.stringify(exceptionDetails)}`);
      return result.value;
    },
    async close() {
      await devtools.send('Target.closeTarget', { targetId });
      await devtools.detach();
    },
  };
}
