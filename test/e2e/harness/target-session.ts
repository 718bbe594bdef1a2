import type { CDPSession } from '@playwright/test';

/** Sends a DevTools command to one target. */
export type TargetSession = (method: string, params?: object) => Promise<unknown>;

type Answer = { id: number; result?: unknown; error?: { message: string } };

/** Messages within messages: Playwright has no way to a session of a target that is not its own. */
export async function attachToTarget(devtools: CDPSession, targetId: string): Promise<TargetSession> {
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
