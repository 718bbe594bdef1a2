import { expect, test } from './harness/fixtures.ts';

test('5 kB/s carries it: a state that takes half a minute arrives, and a large command meanwhile, over one connection', async ({
  open,
  network,
  server,
}) => {
  test.setTimeout(400_000);
  const long = 'x'.repeat(480);
  for (let n = 0; n < 300; n++) await server.publish('run', { type: 'line', text: `${n} ${long}` });
  network.setRate(5_000);
  const tab = await open();
  await tab.shows('connection', 'open', 60_000);
  await tab.sendNote('y'.repeat(60_000));
  await tab.lists('settled', [/ accepted$/], 120_000);
  await expect.poll(async () => (await tab.events()).length, { timeout: 240_000 }).toBe(301);
  await tab.shows('connection', 'open');
  expect(network.seen.filter(({ frame }) => frame.type === 'hello')).toHaveLength(1);
});
