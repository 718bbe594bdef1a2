import { expect, test } from 'vitest';
import { BrowserScene } from '../../support/browser-scene.ts';

const DURABLY = { topic: 'run', requireDurable: true };
const PERHAPS = { code: 'unconfirmed', message: expect.stringContaining('outbox') };

/** What a promise has come to by now. */
function watch(promise: Promise<unknown>): { state: unknown } {
  const watched: { state: unknown } = { state: 'pending' };
  promise.then(
    (value) => {
      watched.state = value;
    },
    (error) => {
      watched.state = error;
    },
  );
  return watched;
}

test('a decision that hangs in the storage is answered with "perhaps" within 10 s, seen in the outbox, and runs once', async () => {
  const scene = new BrowserScene();
  const tab = await scene.tab('hub.js');
  const release = scene.browser.disk('ops', 'ann').hold();
  const sent = watch(tab.client.send('decide', { gate: 'g' }, DURABLY));
  await scene.pass(7_000);
  expect(sent.state).toBe('pending');
  await scene.pass(3_000);
  expect(sent.state).toMatchObject(PERHAPS);
  expect([tab.outbox(), scene.decided]).toEqual([['queued'], []]);
  release();
  await scene.pass(60_000);
  expect([tab.outbox(), scene.decided]).toEqual([[], ['g']]);
});

test('a hub that does not answer at all: the page says so within 10 s, and the next hub is not asked again', async () => {
  const scene = new BrowserScene();
  const tab = await scene.tab('hub.js');
  tab.page.worker?.life.freeze();
  const sent = watch(tab.client.send('decide', { gate: 'g' }, DURABLY));
  const dismissed = watch(tab.client.outbox.dismiss('nobody'));
  await scene.pass(9_000);
  expect(sent.state).toBe('pending');
  await scene.pass(1_000);
  expect([sent.state, dismissed.state]).toMatchObject([PERHAPS, PERHAPS]);
});

test('a page that slept has not waited for the answer', async () => {
  const scene = new BrowserScene();
  const tab = await scene.tab('hub.js');
  const release = scene.browser.disk('ops', 'ann').hold();
  const sent = watch(tab.client.send('decide', { gate: 'g' }, { topic: 'run' }));
  await scene.pass(0);
  tab.page.life.freeze();
  await scene.pass(60_000);
  release();
  await scene.pass(0);
  tab.page.life.thaw();
  await scene.pass(1_000);
  expect(sent.state).toMatchObject({ durable: expect.any(Boolean) });
});
