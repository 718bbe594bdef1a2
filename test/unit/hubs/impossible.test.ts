import { expect, test } from 'vitest';
import type { StoredEntry } from '../../../worker/core/store.ts';
import { BrowserScene, type SceneTab } from '../../support/browser-scene.ts';
import { entry } from '../../support/store-rows.ts';

const ID = '00000000-0000-4000-8000-00000000000b';
const SENTENCE = `the hub found what cannot be: command ${ID} is taken back, and is ready, pending, withdrawing, stored as withdrawing`;

/** Taken back at the server though it never left, which no hub does. */
const IMPOSSIBLE: StoredEntry = {
  ...entry(ID, 1),
  topic: 'run',
  command: { type: 'decide', gate: 'impossible' },
  createdAt: 0,
  withdrawing: true,
};

const told = ({ errors }: SceneTab) => errors.filter((error) => error.includes('what cannot be'));
const lost = ({ connections }: SceneTab) =>
  connections.filter((now) => now.state === 'closed' && now.reason === 'hub_lost').length;

test.each([
  ['in a SharedWorker', 'hub.js'],
  ['in a worker of its page alone, which ends with the hub', null],
])(
  'what is impossible about a command ends the ownership, and the second time that command is quarantined: %s',
  async (_, script) => {
    const scene = new BrowserScene();
    const disk = scene.browser.disk('ops', 'ann');
    disk.entries.set(ID, IMPOSSIBLE);
    const tab = await scene.tab(script);
    const outcome = tab.client.send('decide', { gate: 'good' }).then((receipt) => receipt.outcome);
    await scene.pass(20_000);
    const sentence = `hub_lost: ${SENTENCE}; it starts again`;
    expect([told(tab), lost(tab)]).toEqual([[sentence, sentence], 2]);
    expect([await outcome, scene.decided]).toMatchObject([{ status: 'accepted' }, ['good']]);
    expect(tab.client.outbox.get()).toMatchObject([
      { id: ID, state: 'quarantined', error: { code: 'impossible' } },
    ]);
    expect(disk.entries.get(ID)?.fate.state).toBe('quarantined');
  },
);

test('a command that was quarantined as impossible goes on when a person wants it again, and is judged anew from then on', async () => {
  const scene = new BrowserScene();
  const disk = scene.browser.disk('ops', 'ann');
  disk.suspects = ['another', ID, ID];
  disk.entries.set(ID, IMPOSSIBLE);
  const tab = await scene.tab('hub.js');
  await scene.pass(1_000);
  expect([tab.outbox(), told(tab)]).toEqual([['quarantined'], []]);
  tab.client.outbox.retry(ID);
  await scene.pass(1_000);
  expect([scene.decided, tab.outbox()]).toEqual([['impossible'], []]);
  expect(disk.suspects).toEqual(['another']);
});

test('the pages of another worker hear what was impossible, and the next owner knows of it', async () => {
  const scene = new BrowserScene();
  const { server } = scene.network;
  scene.network.server = null;
  scene.browser.disk('ops', 'ann').entries.set(ID, IMPOSSIBLE);
  const first = await scene.tab('hub.js');
  const other = await scene.tab('other.js');
  await scene.pass(1_000);
  scene.network.server = server;
  first.client.reconnect();
  await scene.pass(30_000);
  expect([...told(first), ...told(other)].length).toBeGreaterThanOrEqual(2);
  expect([first.outbox(), other.outbox()]).toEqual([['quarantined'], ['quarantined']]);
});

test('while the storage fails, what is impossible is told once, and the hub goes on with what memory alone holds', async () => {
  const scene = new BrowserScene();
  const { server } = scene.network;
  scene.network.server = null;
  const disk = scene.browser.disk('ops', 'ann');
  disk.entries.set(ID, IMPOSSIBLE);
  const tab = await scene.tab('hub.js');
  await scene.pass(1_000);
  disk.failure = 'full';
  const outcome = tab.client.send('decide', { gate: 'in memory alone' }).then((sent) => sent.outcome);
  await scene.pass(1_000);
  scene.network.server = server;
  tab.client.reconnect();
  await scene.pass(20_000);
  expect(told(tab)).toEqual([expect.stringContaining(SENTENCE)]);
  expect(told(tab)).toEqual([expect.stringContaining('it goes on')]);
  expect(lost(tab)).toBe(0);
  expect(await outcome).toMatchObject({ status: 'accepted' });
  expect(disk.suspects).toBeUndefined();
});
