import { expect, test } from 'vitest';
import { BrowserScene } from '../../support/browser-scene.ts';

const HOUR_MS = 3_600_000;

/** What a person asks for is worth something for 5 s: how it ended, and what reached the server. */
async function ending(scene: BrowserScene, receipt: Promise<{ outcome: Promise<{ status: string }> }>) {
  let status = 'unknown';
  receipt.then(({ outcome }) => outcome).then((how) => (status = how.status));
  await scene.pass(30_000);
  return [status, scene.decided];
}

// By seeds hardly ever seen: pages know the server's clock there, and name the end by that.
test('what was asked for while no hub could be had does not begin once it is over', async () => {
  const scene = new BrowserScene();
  const { page } = await scene.tab('hub.js');
  page.worker?.life.freeze();
  const tab = await scene.tab('hub.js');
  const sent = tab.client.send('remind', { gate: 'g' });
  await scene.pass(8_000);
  page.worker?.life.thaw();
  expect(await ending(scene, sent)).toEqual(['expired', []]);
});

test.each([
  ['a worker that stands still', 0],
  ['a worker that stands still, while the clock is set ahead', HOUR_MS],
  ['a worker that stands still, while the clock is set back', -HOUR_MS],
])('what lay before %s does not begin once it is over', async (_, movedMs) => {
  const scene = new BrowserScene();
  const { client, page } = await scene.tab('hub.js');
  page.worker?.life.freeze();
  const sent = client.send('remind', { gate: 'g' });
  await scene.pass(3_000);
  scene.clock.jump(movedMs);
  await scene.pass(2_500);
  page.worker?.life.thaw();
  expect(await ending(scene, sent)).toEqual(['expired', []]);
});

test.each([
  ['lay before the worker as a message', false],
  ['was taken by it, and waited for the line', true],
])(
  'of a server that nobody has heard yet, what %s does not begin once it is over, where a clock is set back while the worker stands still',
  async (_, isTaken) => {
    const scene = new BrowserScene();
    const { server } = scene.network;
    scene.network.server = null;
    const { client, page } = await scene.tab('hub.js');
    await scene.pass(1_000);
    if (!isTaken) page.worker?.life.freeze();
    const sent = client.send('remind', { gate: 'g' });
    await scene.pass(100);
    page.worker?.life.freeze();
    await scene.pass(3_000);
    scene.clock.jump(-HOUR_MS);
    await scene.pass(2_500);
    scene.network.server = server;
    page.worker?.life.thaw();
    expect(await ending(scene, sent)).toEqual(['expired', []]);
  },
);

test('what is asked for in time runs, also where clocks were set and machines slept before', async () => {
  const scene = new BrowserScene();
  const { client } = await scene.tab('hub.js');
  for (const movedMs of [HOUR_MS, -2 * HOUR_MS]) {
    scene.clock.jump(movedMs);
    const outcome = client.send('remind', { gate: String(movedMs) }).then((receipt) => receipt.outcome);
    await scene.pass(100);
    expect(await outcome).toMatchObject({ status: 'accepted' });
  }
});
