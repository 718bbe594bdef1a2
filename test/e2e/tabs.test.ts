import { expect, test } from './harness/fixtures.ts';

test('two tabs get the same events over one connection, and see the decision of either', async ({
  open,
  network,
  server,
}) => {
  const one = await open();
  const two = await open();
  await one.shows('connection', 'open');
  await two.shows('connection', 'open');
  await server.publish('run', { type: 'gate', gateId: 'a', state: 'open' });
  await one.lists('gates', [/gate a open/]);
  await two.lists('gates', [/gate a open/]);

  await one.page.getByRole('button', { name: 'approve a' }).click();

  for (const tab of [one, two]) {
    await tab.lists('settled', [/ accepted$/]);
    await tab.lists('gates', [/gate a approved/]);
    await tab.lists('outbox', []);
    expect(await tab.errors()).toEqual([]);
  }
  expect(server.ran.map(({ what }) => what)).toEqual(['human_decision a approved']);
  expect(network.peak).toBe(1);
});

test('ten tabs cost the server one connection, and none a while after the last one was closed', async ({
  open,
  network,
  server,
}) => {
  const tabs = [];
  for (let i = 0; i < 10; i++) tabs.push(await open());
  for (const tab of tabs) await tab.hears();
  await server.publish('run', { type: 'line', text: 'to everybody' });
  for (const tab of tabs) await tab.lists('lines', ['to everybody']);
  expect(network.peak).toBe(1);
  expect(network.seen.filter(({ frame }) => frame.type === 'event')).toHaveLength(1);

  for (const { page } of tabs) await page.close();

  await expect.poll(() => network.connections).toBe(0);
});

test('the tab that started the worker is closed, and the others go on as if nothing had happened', async ({
  open,
  network,
  server,
}) => {
  const first = await open();
  await first.shows('connection', 'open');
  const second = await open();
  await second.hears();

  await first.page.close();

  await server.publish('run', { type: 'line', text: 'still here' });
  await second.lists('lines', ['still here']);
  await second.sendNote('and I can write');
  await second.lists('settled', [/ accepted$/]);
  expect(network.peak).toBe(1);
});

test('a tab that comes later gets the state from the hub, and the server is asked for nothing but whether it lives', async ({
  open,
  network,
  server,
}) => {
  const first = await open();
  await first.hears();
  await server.publish('run', { type: 'gate', gateId: 'a', state: 'open' });
  await server.publish('run', { type: 'line', text: 'before' });
  await first.lists('lines', ['before']);
  await expect.poll(() => network.seen.some(({ frame }) => frame.type === 'ack')).toBe(true);
  const heard = network.seen.length;

  const second = await open();

  await second.lists('gates', [/gate a open/]);
  await second.lists('lines', ['before']);
  const since = network.seen.slice(heard).map(({ frame }) => frame.type);
  expect(since.filter((type) => type !== 'ping' && type !== 'pong')).toEqual([]);
});
