import { expect, test } from './harness/fixtures.ts';

test('a hub that a policy forbids to ask why there is no connection says that the browser does not tell', async ({
  open,
  network,
  site,
}) => {
  // `connect-src` names the WebSocket's address alone.
  const reports: string[] = [];
  site.foresee(`http://127.0.0.1:${network.port}`, (text) => reports.push(text));
  await network.setMode('refuse');
  const { page } = await open({ identity: 'anonymous', token: null, diagnose: true });
  const connection = () => page.evaluate(() => window.gates.client.connection.get());
  await expect.poll(connection).toMatchObject({ detail: { cause: 'unknown' } });
  // That nothing answers there, which is so, nobody could see.
  expect(await connection()).toMatchObject({ detail: { message: 'the browser does not say why' } });
  await expect.poll(() => reports).not.toEqual([]);
});
