import type { Browser, CDPSession } from '@playwright/test';

/**
 * A tab that Playwright does not drive: it lets every page of its own believe that it is seen, and only a hidden page
 * can be frozen. Such tabs share one browser profile and one window, where the newest one is in front.
 */
export interface UnseenTab {
  evaluate<T>(work: () => T | Promise<T>): Promise<T>;
  send(method: string, params?: object): Promise<unknown>;
  close(): Promise<void>;
}

type Answer = { id: number; result?: unknown; error?: { message: string } };

/** @param before runs in the page before its own scripts. */
export async function openUnseenTab(browser: Browser, url: string, before: string): Promise<UnseenTab> {
  const devtools = await browser.newBrowserCDPSession();
  const { targetId } = await devtools.send('Target.createTarget', { url: 'about:blank' });
  const send = await attach(devtools, targetId);
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

/** Messages within messages: Playwright has no way to a session of a target that is not its own. */
async function attach(devtools: CDPSession, targetId: string): Promise<UnseenTab['send']> {
  const { sessionId } = await devtools.send('Target.attachToTarget', { targetId, flatten: false });
  const waiting = new Map<number, (answer: Answer) => void>();
  let last = 0;
  devtools.on('Target.receivedMessageFromTarget', ({ message }) => {
    const answer: Answer = JSON.parse(message);
    waiting.get(answer.id)?.(answer);
    waiting.delete(answer.id);
  });
  return (method, params = {}) =>
    new Promise((resolve, reject) => {
      const id = ++last;
      waiting.set(id, ({ result, error }) => (error ? reject(new Error(error.message)) : resolve(result)));
      const message = JSON.stringify({ id, method, params });
      devtools.send('Target.sendMessageToTarget', { sessionId, message }).catch(reject);
    });
}
