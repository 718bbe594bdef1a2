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
  expect(network.peak()).toBe(1);
});
