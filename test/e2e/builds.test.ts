import { rendererOfWorker } from './harness/kill.ts';
import { expect, test } from './harness/lab.ts';

/** An owner may take 3 seconds to answer, and is asked as often. */
const STUCK_TIMEOUT_MS = 10_000;

test('tabs of two builds share one socket and one outbox; when the last of the older one closes, the newer owns', async ({
  network,
  open,
  serve,
}) => {
  const server = await serve();
  const older = await open();
  await older.hears('run');
  const newer = await open({ worker: 'of another build' });
  await newer.hears('run');
  expect(network.connections).toBe(1);
  expect((await older.inspect()).role.state).toBe('owner');
  expect((await newer.inspect()).role.state).toBe('relay');
  await server.publish('run', { type: 'line', text: 'to both' });
  for (const tab of [older, newer])
    await expect
      .poll(async () => (await tab.heard()).map(({ event }) => event))
      .toContainEqual({
        type: 'line',
        text: 'to both',
      });
  await network.setMode('refuse');
  await older.isOffline();
  expect(await newer.note('through the older')).toMatchObject({ durable: true });
  expect(await older.note('by itself')).toMatchObject({ durable: true });
  for (const tab of [older, newer])
    await expect.poll(() => tab.outbox()).toEqual(['note queued', 'note queued']);

  await older.page.close();
  await expect.poll(async () => (await newer.inspect()).role.state).toBe('owner');
  await network.setMode('pass');
  await newer.reconnect();

  await expect.poll(() => newer.outbox()).toEqual([]);
  expect(server.ran.map(({ what }) => what)).toEqual(['note through the older', 'note by itself']);
  // The end of the former socket may come to be known after the beginning of the next.
  await expect.poll(() => network.connections).toBe(1);
  expect(await newer.errors()).toEqual([]);
});

test('the process of the owner is stopped: the other build takes over, and what the stopped one was asked runs once when it goes on', async ({
  browser,
  network,
  open,
  serve,
  site,
}) => {
  const server = await serve();
  const stuck = await open();
  await stuck.is('open');
  const renderer = await rendererOfWorker(browser, site.origin);
  const relay = await open({ worker: 'of another build' });
  await relay.hears('run');
  expect((await relay.inspect()).role.state).toBe('relay');
  await server.publish('run', { type: 'line', text: 'heard before it stopped' });
  await expect.poll(async () => (await relay.heard()).length).toBe(1);
  await stuck.note('asked before it stopped');
  // A transaction that is under way when its process stops holds the database until it goes on: all are complete.
  await expect
    .poll(async () => {
      const heard = (await stuck.heard()).at(-1)?.offset;
      // Looked at from the other process, for the same reason.
      const [outcomes, cursors] = [await relay.stored('outcomes'), await relay.stored('cursors')];
      return outcomes.length === 1 && heard !== undefined && cursors[0]?.['offset'] === heard;
    })
    .toBe(true);

  process.kill(renderer, 'SIGSTOP');
  try {
    const sent = relay.note('while the owner is stopped');
    await expect
      .poll(async () => (await relay.inspect()).role.state, { timeout: 6 * STUCK_TIMEOUT_MS })
      .toBe('owner');
    expect(await sent).toMatchObject({ durable: true });
    await expect.poll(() => server.ran.map(({ what }) => what)).toContain('note while the owner is stopped');
  } finally {
    process.kill(renderer, 'SIGCONT');
  }

  await expect
    .poll(async () => (await stuck.inspect()).role.state, { timeout: 6 * STUCK_TIMEOUT_MS })
    .toBe('relay');
  await stuck.is('open');
  expect(await stuck.note('through the new owner')).toMatchObject({ durable: true });
  await expect.poll(() => stuck.outbox()).toEqual([]);
  expect(server.ran.map(({ what }) => what)).toEqual([
    'note asked before it stopped',
    'note while the owner is stopped',
    'note through the new owner',
  ]);
  await expect.poll(() => network.connections).toBe(1);
});

test('pages with workers of their own share one socket; the one that owns dies, and nothing is lost or done twice', async ({
  network,
  open,
  serve,
}) => {
  const server = await serve();
  const tabs = [await open({ worker: 'dedicated' }), await open({ worker: 'dedicated' })] as const;
  for (const tab of tabs) await tab.hears('run');
  expect(network.connections).toBe(1);
  await server.publish('run', { type: 'line', text: 'to both' });
  for (const tab of tabs) await expect.poll(async () => (await tab.heard()).length).toBe(1);
  const ids: string[] = [];
  for (const text of ['1', '2', '3']) ids.push((await tabs[1].note(text)).id);
  const during = tabs[1].note('4');

  await tabs[0].page.close();

  ids.push((await during).id);
  await tabs[1].is('open');
  await expect.poll(() => tabs[1].outbox()).toEqual([]);
  expect(server.ran.map(({ id }) => id)).toEqual(ids);
  // All may have run before its owner was gone; then the other takes over only now.
  await expect.poll(async () => (await tabs[1].inspect()).role.state).toBe('owner');
  await tabs[1].is('open');
  await expect.poll(() => network.connections).toBe(1);
});
