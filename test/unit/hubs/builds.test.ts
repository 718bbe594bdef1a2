import { describe, expect, test } from 'vitest';
import { Lifetime } from '../../../testing/fakes/lifetime.ts';
import { ownerLock } from '../../../worker/shell/election.ts';
import { commonChannel, type FindMessage, relayChannel } from '../../../worker/shell/hub-messages.ts';
import {
  BrowserScene,
  NEWER,
  OLDER,
  PROTOCOL,
  roleOf,
  type SceneTab,
  STRICTER,
} from '../../support/browser-scene.ts';

const last = ({ connections }: SceneTab) => connections.at(-1);

/** A hub of a build that speaks another relay protocol: it owns, and says so in the words that never change. */
async function foreignOwner(scene: BrowserScene): Promise<Lifetime> {
  const life = new Lifetime();
  const { locks, channels } = scene.browser;
  locks.of(life).request(ownerLock('ops', 'ann'), () => new Promise<void>(() => {}));
  await scene.pass(0);
  const common = channels.open(life, commonChannel('ops', 'ann'), (message) => {
    const { find, from } = message as FindMessage & { find: 'who' };
    if (find !== 'who') return;
    const notice = { find: 'owner', owner: 'foreign', relayVersion: 99 };
    channels.open(life, relayChannel('ops', 'ann', from), () => {}).post(notice);
  });
  common.post({ find: 'taken' });
  return life;
}

describe('two builds whose hubs cannot relay to each other', () => {
  test('the tabs of the one that does not own are told to reload; nothing of the outbox is lost, and it goes on when it can', async () => {
    const scene = new BrowserScene();
    await scene.server.stop();
    const before = await scene.tab('hub.js');
    const sent = before.client.send('decide', { gate: 'stored' }, { topic: 'run' });
    await scene.pass(20);
    expect(await sent).toMatchObject({ durable: true });
    before.page.close();
    await scene.pass(20);
    const foreign = await foreignOwner(scene);
    const tab = await scene.tab('hub.js');
    await scene.pass(5_000);
    expect(last(tab)).toMatchObject({
      state: 'closed',
      reason: 'superseded',
      detail: { message: expect.stringContaining('reload to continue') },
    });
    const refused = tab.client.send('decide', { gate: 'refused' }, { topic: 'run' });
    const checked = expect(refused).rejects.toMatchObject({ code: 'version_mismatch' });
    await scene.pass(20);
    await checked;
    expect(tab.errors).toEqual([]);
    await scene.server.start();
    foreign.end();
    await scene.pass(60_000);
    expect([await roleOf(tab, scene), tab.outbox(), scene.decided]).toEqual(['owner', [], ['stored']]);
  });
});

test('a hub that cannot work through the owner ends its tabs as well when somebody signs out there, and lets a new one in', async () => {
  const scene = new BrowserScene();
  const foreign = await foreignOwner(scene);
  const tab = await scene.tab('hub.js');
  await scene.pass(5_000);
  expect(last(tab)).toMatchObject({ state: 'closed', reason: 'superseded' });
  const { channels } = scene.browser;
  channels.open(foreign, commonChannel('ops', 'ann'), () => {}).post({ find: 'signed_out' });
  await scene.pass(100);
  expect(last(tab)).toMatchObject({ state: 'closed', reason: 'signed_out' });
  await expect(tab.client.send('decide', { gate: 'late' })).rejects.toMatchObject({ code: 'closed' });
  foreign.end();
  const again = await scene.tab('hub.js');
  await scene.pass(10_000);
  expect([last(again)?.state, last(tab)?.state, scene.sockets]).toEqual(['open', 'closed', 1]);
});

test('an owner says to all hubs that somebody has signed out', async () => {
  const scene = new BrowserScene();
  const tab = await scene.tab('hub.js');
  await scene.pass(100);
  const heard: unknown[] = [];
  scene.browser.channels.open(new Lifetime(), commonChannel('ops', 'ann'), (message) => heard.push(message));
  tab.client.signOut();
  await scene.pass(100);
  expect(heard).toEqual([{ find: 'signed_out' }]);
});

test('a send that a hub died over is not refused by one that cannot own: it waits for a way, and "perhaps" is said in time', async () => {
  const scene = new BrowserScene();
  await scene.server.stop();
  const tab = await scene.tab('hub.js');
  await scene.pass(20);
  const answers: string[] = [];
  const send = (gate: string) =>
    tab.client.send('decide', { gate }, { topic: 'run' }).then(
      () => answers.push(`${gate} taken`),
      ({ code }) => answers.push(`${gate} ${code}`),
    );
  const disk = scene.browser.disk('ops', 'ann');
  const letGo = disk.hold();
  const dieOverIt = async (gate: string) => {
    send(gate);
    await scene.pass(20);
    scene.browser.worker('hub.js')?.kill();
    return await foreignOwner(scene);
  };
  const foreign = await dieOverIt('waits');
  letGo();
  await scene.pass(5_000);
  expect([last(tab), answers]).toMatchObject([{ reason: 'superseded' }, []]);
  foreign.end();
  await scene.pass(4_000);
  expect(answers).toEqual(['waits taken']);
  const letGoAgain = disk.hold();
  const other = await dieOverIt('perhaps');
  await scene.pass(9_000);
  expect(answers).toEqual(['waits taken']);
  await scene.pass(2_000);
  expect(answers).toEqual(['waits taken', 'perhaps unconfirmed']);
  // It may be done yet, as was said.
  other.end();
  letGoAgain();
  await scene.server.start();
  await scene.pass(60_000);
  expect(scene.decided).toEqual(['waits', 'perhaps']);
});

describe('builds of several versions', () => {
  test('what the newer schemas refuse is quarantined and shown to every tab; what they take is sent', async () => {
    const scene = new BrowserScene();
    await scene.server.stop();
    const old = await scene.tab('old.js');
    const sent = old.client.send('decide', { gate: 'g' }, { topic: 'run' });
    await scene.pass(20);
    await sent;
    const young = await scene.tab('new.js', STRICTER);
    await scene.pass(1_000);
    expect(await roleOf(young, scene)).toBe('owner');
    for (const tab of [old, young]) expect(tab.outbox()).toEqual(['quarantined']);
    await scene.server.start();
    await scene.pass(60_000);
    expect(scene.decided).toEqual([]);
    expect(young.client.outbox.get()).toMatchObject([{ command: { type: 'decide', gate: 'g' } }]);
  });

  test('what only the newer build knows is never read for its tabs by the older one', async () => {
    const scene = new BrowserScene();
    await scene.tab('old.js', OLDER);
    await scene.say('said before');
    const young = await scene.tab('new.js', NEWER);
    const heard: string[] = [];
    young.client.topic('run').on('line', ({ text }) => heard.push(text), { replay: 'state' });
    await scene.pass(1_000);
    expect(await roleOf(young, scene)).toBe('owner');
    expect(heard).toEqual(['said before']);
    const sessions = young.connections.map((view) => (view.state === 'open' ? view.session : null));
    expect(new Set(sessions.filter((session) => session !== null)).size).toBe(1);
  });

  test('a rollback: when the last tab of the newer build closes, the older one owns again', async () => {
    const scene = new BrowserScene();
    const young = await scene.tab('new.js', NEWER);
    await scene.emit('a');
    const old = await scene.tab('old.js');
    await scene.pass(1_000);
    expect([await roleOf(young, scene), await roleOf(old, scene)]).toEqual(['owner', 'relay']);
    await scene.server.stop();
    const sent = young.client.send('decide', { gate: 'g' }, { topic: 'run' });
    await scene.pass(20);
    expect(await sent).toMatchObject({ durable: true });
    young.page.close();
    await scene.pass(1_000);
    expect([await roleOf(old, scene), old.outbox()]).toEqual(['owner', ['queued']]);
    await scene.server.start();
    await scene.pass(60_000);
    expect([scene.decided, old.gates(), scene.sockets]).toEqual([['g'], ['a open'], 1]);
  });

  test('of three, the newest owns, in whatever order they came', async () => {
    for (const order of [
      ['1', '2', '3'],
      ['2', '3', '1'],
      ['3', '1', '2'],
    ]) {
      const scene = new BrowserScene();
      const protocols = { '1': PROTOCOL, '2': NEWER, '3': STRICTER };
      const tabs = new Map<string, SceneTab>();
      for (const version of order) {
        tabs.set(version, await scene.tab(version, protocols[version as keyof typeof protocols]));
      }
      await scene.pass(2_000);
      await scene.emit('a');
      const roles = await Promise.all(
        [...tabs].map(async ([version, tab]) => [version, await roleOf(tab, scene)]),
      );
      expect(Object.fromEntries(roles)).toEqual({ '1': 'relay', '2': 'relay', '3': 'owner' });
      for (const tab of tabs.values()) expect(tab.gates()).toEqual(['a open']);
      expect(scene.sockets).toBe(1);
    }
  });

  test('an owner whose storage fails keeps what is in its memory alone until it is stored; a newer build works through it', async () => {
    const scene = new BrowserScene();
    await scene.server.stop();
    scene.browser.disk('ops', 'ann').failure = 'full';
    const old = await scene.tab('old.js');
    const sent = old.client.send('decide', { gate: 'in memory' }, { topic: 'run' });
    await scene.pass(20);
    expect(await sent).toMatchObject({ durable: false });
    const young = await scene.tab('new.js', NEWER);
    await scene.pass(10_000);
    expect([await roleOf(old, scene), await roleOf(young, scene)]).toEqual(['owner', 'relay']);
    expect(young.outbox()).toEqual(['queued']);
    scene.browser.disk('ops', 'ann').failure = null;
    await scene.pass(60_000);
    expect(await roleOf(young, scene)).toBe('owner');
    await scene.server.start();
    await scene.pass(60_000);
    expect(scene.decided).toEqual(['in memory']);
  });

  test('in development the hub that started last owns, whatever its version', async () => {
    const scene = new BrowserScene();
    const first = await scene.tab('1', NEWER, { newestOwns: true });
    await scene.pass(10);
    const second = await scene.tab('2', PROTOCOL, { newestOwns: true });
    await scene.pass(1_000);
    expect([await roleOf(first, scene), await roleOf(second, scene)]).toEqual(['relay', 'owner']);
    await scene.emit('a');
    for (const tab of [first, second]) expect(tab.gates()).toEqual(['a open']);
  });
});

test('a store of a newer format: the tabs of the older build are told to reload, and nobody waits for ever', async () => {
  const scene = new BrowserScene();
  scene.browser.disk('ops', 'ann').failure = 'newer_format';
  const tab = await scene.tab('old.js');
  await scene.pass(1_000);
  expect(last(tab)).toMatchObject({
    reason: 'superseded',
    detail: { message: expect.stringMatching(/storage; reload to continue$/) },
  });
  const refused = expect(tab.client.send('decide', { gate: 'g' })).rejects.toMatchObject({
    code: 'version_mismatch',
  });
  await scene.pass(20);
  await refused;
  await scene.pass(60_000);
  expect(last(tab)).toMatchObject({ reason: 'superseded' });
});

test('what is said between the hubs by somebody who knows no better changes nothing', async () => {
  const scene = new BrowserScene();
  const owner = await scene.tab('one.js');
  const relay = await scene.tab('other.js');
  await scene.emit('a');
  const life = new Lifetime();
  const names = [commonChannel('ops', 'ann'), ...scene.browser.channels.names];
  for (const name of names) {
    const channel = scene.browser.channels.open(life, name, () => {});
    for (const message of [
      null,
      7,
      'who',
      {},
      [],
      { find: 'what' },
      { relay: 'call' },
      { relay: 'attach', owner: 1 },
    ])
      channel.post(message);
  }
  await scene.emit('b');
  for (const tab of [owner, relay]) expect(tab.gates()).toEqual(['a open', 'b open']);
  expect([await roleOf(owner, scene), await roleOf(relay, scene)]).toEqual(['owner', 'relay']);
});
