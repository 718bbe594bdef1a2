import { expect, inject, it } from 'vitest';
import { diagnose } from '../../../worker/browser/diagnose.ts';

const at = (path: string) => inject('httpServer').replace('http', 'ws') + path;

it.for([
  ['401', { cause: 'forbidden' }],
  ['403', { cause: 'forbidden' }],
  ['302', { cause: 'redirect' }],
  ['429?retry-after=7', { cause: 'unavailable', retryAfterMs: 7_000 }],
  ['503', { cause: 'unavailable', retryAfterMs: 0 }],
  ['502', { cause: 'unavailable', retryAfterMs: 0 }],
  ['200', { cause: 'not_websocket' }],
  ['404', { cause: 'not_websocket' }],
  ['426', { cause: 'unknown' }],
  ['500', { cause: 'unknown' }],
] as const)('says of %s what it means', async ([status, diagnosis]) => {
  expect(await diagnose(at(`/readable/${status}`))).toEqual(diagnosis);
});

it('reads a date to wait for', async () => {
  const date = new Date(Date.now() + 60_000).toUTCString();
  const { cause, retryAfterMs = 0 } = await diagnose(
    at(`/readable/503?retry-after=${encodeURIComponent(date)}`),
  );
  expect(cause).toBe('unavailable');
  expect(Math.abs(retryAfterMs - 60_000)).toBeLessThan(30_000);
});

it('knows no more than that somebody answers, where another origin may not be read', async () => {
  expect(await diagnose(at('/hidden/503'))).toEqual({ cause: 'unknown' });
});

it('says that nothing answers where nothing does', async () => {
  expect(await diagnose(inject('nobody'))).toEqual({ cause: 'no_route' });
});

it('knows no more of a server that does not answer in time, as one that answers handshakes alone', async () => {
  expect(await diagnose(at('/silent'))).toEqual({ cause: 'unknown' });
});

it('asks without what a URL may hold of a password', async () => {
  const url = at('/readable/403').replace('ws://', 'ws://ann:pw@');
  expect(await diagnose(url)).toEqual({ cause: 'forbidden' });
});
