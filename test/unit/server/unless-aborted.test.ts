import { getEventListeners } from 'node:events';
import { expect, test } from 'vitest';
import { unlessAborted } from '../../../src/server/core/unless-aborted.ts';

test('a promise is waited for until the signal is aborted, and nothing of it stays at a signal that lives on', async () => {
  const living = new AbortController();
  for (let count = 0; count < 5; count += 1) {
    expect(await unlessAborted(living.signal, Promise.resolve(count))).toBe(count);
    await expect(unlessAborted(living.signal, Promise.reject(new Error('no')))).rejects.toThrow('no');
  }
  expect(getEventListeners(living.signal, 'abort')).toEqual([]);
  const waiting = unlessAborted(living.signal, new Promise(() => {}));
  living.abort(new Error('over'));
  await expect(waiting).rejects.toThrow('over');
  await expect(unlessAborted(living.signal, Promise.resolve(1))).rejects.toThrow('over');
});
