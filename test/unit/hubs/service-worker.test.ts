import { afterEach, expect, test, vi } from 'vitest';
import { deliverInBackground } from '../../../worker/service-worker.ts';
import { PROTOCOL } from '../../support/browser-scene.ts';

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

test('a list of databases that never comes fails its event, and one that comes meanwhile is served at once', async () => {
  vi.useFakeTimers();
  let asked = 0;
  const never = new Promise<never>(() => {});
  vi.stubGlobal('clients', {});
  vi.stubGlobal('registration', {});
  vi.stubGlobal('location', { href: 'https://app.test/service-worker.js' });
  vi.stubGlobal('addEventListener', () => {});
  vi.stubGlobal('indexedDB', { databases: () => (++asked === 1 ? never : Promise.resolve([])) });
  const deliver = deliverInBackground(PROTOCOL, { url: '/ws' });
  const ends: string[] = [];
  for (const event of ['first', 'second'])
    deliver().then(
      () => ends.push(`${event} is over`),
      (error) => ends.push(`${event} failed: ${error}`),
    );
  await vi.advanceTimersByTimeAsync(1_000);
  expect(ends).toEqual(['second is over']);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(ends).toEqual(['second is over', expect.stringMatching(/^first failed: .*not listed/)]);
});
