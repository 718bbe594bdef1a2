import { describe, expect, test } from 'vitest';
import { BrowserScene, NEWER, roleOf, type SceneTab } from '../../support/browser-scene.ts';

const reasons = ({ connections }: SceneTab) =>
  connections.flatMap((now) => (now.state === 'closed' ? [now.reason] : []));
const last = ({ connections }: SceneTab) => connections.at(-1);

describe('hubs of one version in several workers', () => {
  test('share one socket: the tabs of each are given everything, and everybody sees the one outbox', async () => {
    const scene = new BrowserScene();
    const tabs = [await scene.tab('old.js'), await scene.tab('new.js'), await scene.tab(null)];
    await scene.emit('a');
    await scene.say('hello');
    for (const tab of tabs) expect([tab.gates(), tab.lines]).toEqual([['a open'], ['hello']]);
    expect(await Promise.all(tabs.map((tab) => roleOf(tab, scene)))).toEqual(['owner', 'relay', 'relay']);
    expect([scene.sockets, scene.server.connections]).toEqual([1, 1]);
    await scene.server.stop();
    const sent = tabs.map(({ client }, i) => client.send('decide', { gate: `g${i}` }, { topic: 'run' }));
    await scene.pass(20);
    for (const receipt of sent) expect(await receipt).toMatchObject({ durable: true });
    for (const tab of tabs) expect(tab.outbox()).toEqual(['queued', 'queued', 'queued']);
    await scene.server.start();
    await scene.pass(60_000);
    for (const tab of tabs) expect([tab.outbox(), tab.settled()]).toEqual([[], Array(3).fill('accepted')]);
    expect(scene.decided.toSorted()).toEqual(['g0', 'g1', 'g2']);
  });

  test('a tab that joins a live topic through a relay is given its state, and the server is asked for nothing but a sign of life', async () => {
    const scene = new BrowserScene();
    await scene.tab('old.js');
    await scene.emit('a');
    const heard: string[] = [];
    scene.network.heard = (_wire, direction, text) =>
      direction === 'up' && !text.includes('"ping"') && heard.push(text);
    const late = await scene.tab('new.js');
    await scene.pass(50);
    expect([late.gates(), heard]).toEqual([['a open'], []]);
  });

  test('the last tab of the owner closes: the other hub takes over, with all that was stored, and no tab is told of a loss', async () => {
    const scene = new BrowserScene();
    const old = await scene.tab('old.js');
    const young = await scene.tab('new.js');
    await scene.emit('a');
    await scene.server.stop();
    const sent = old.client.send('decide', { gate: 'of the old one' }, { topic: 'run' });
    await scene.pass(20);
    expect(await sent).toMatchObject({ durable: true });
    old.page.close();
    await scene.pass(500);
    expect(await roleOf(young, scene)).toBe('owner');
    const attachments = young.debug.filter((line) => line.startsWith('[trunkline] attached'));
    expect(attachments.map((line) => line.split(': ').at(-1))).toEqual(['relay', 'owner']);
    expect(young.outbox()).toEqual(['queued']);
    await scene.server.start();
    await scene.emit('b');
    await scene.pass(60_000);
    expect([young.gates(), young.outbox(), scene.decided]).toEqual([
      ['a open', 'b open'],
      [],
      ['of the old one'],
    ]);
    expect(reasons(young)).not.toContain('hub_lost');
    expect(reasons(young)).not.toContain('superseded');
    expect(young.errors).toEqual([]);
  });

  test('an owner whose worker outlives its tabs gives way to a hub that has some', async () => {
    const scene = new BrowserScene();
    const stays = await scene.tab('stays.js');
    const script = scene.browser.worker('stays.js');
    const other = await scene.tab('other.js');
    stays.client.close();
    await scene.pass(100);
    expect(script?.life.isDead).toBe(false);
    expect(await roleOf(other, scene)).toBe('owner');
    expect(scene.sockets).toBe(1);
  });
});

describe('pages with workers of their own', () => {
  test('the one whose worker owns dies: another owns within a second, nothing is lost, nothing twice, over one socket', async () => {
    const scene = new BrowserScene();
    const tabs = [await scene.tab(null), await scene.tab(null), await scene.tab(null)] as const;
    await scene.emit('a');
    await scene.say('before');
    const sent = tabs[1].client.send('decide', { gate: 'during' }, { topic: 'run' });
    tabs[0].page.crash();
    await scene.pass(1_000);
    expect(await sent).toMatchObject({ durable: true });
    const roles = [await roleOf(tabs[1], scene), await roleOf(tabs[2], scene)];
    expect(roles.toSorted()).toEqual(['owner', 'relay']);
    await scene.say('after');
    await scene.pass(5_000);
    expect(scene.decided).toEqual(['during']);
    for (const tab of [tabs[1], tabs[2]]) {
      expect([tab.gates(), tab.lines]).toEqual([['a open'], ['before', 'after']]);
      expect(tab.settled()).toEqual(['accepted']);
    }
    expect(scene.sockets).toBe(1);
  });

  test.for(['cached', 'frozen'] as const)(
    'one that is %s gives up what it owns at once, and relays when it is back',
    async (how) => {
      const scene = new BrowserScene();
      const first = await scene.tab(null);
      const second = await scene.tab(null);
      await scene.emit('a');
      if (how === 'cached') first.page.enterCache();
      else first.page.freeze();
      await scene.pass(500);
      expect(await roleOf(second, scene)).toBe('owner');
      await scene.say('meanwhile');
      expect(second.lines).toEqual(['meanwhile']);
      if (how === 'cached') first.page.leaveCache();
      else first.page.thaw();
      await scene.pass(500);
      expect(await roleOf(first, scene)).toBe('relay');
      expect([first.lines, first.gates()]).toEqual([['meanwhile'], ['a open']]);
      expect([scene.sockets, scene.server.connections]).toEqual([1, 1]);
    },
  );
});

describe('a worker that was restarted unseen, on the same ports', () => {
  test('is noticed at the next call, attached to again, and the views are made whole', async () => {
    const scene = new BrowserScene();
    const tab = await scene.tab('hub.js');
    await scene.emit('a');
    scene.browser.worker('hub.js')?.restart();
    const sent = tab.client.send('decide', { gate: 'g' }, { topic: 'run' });
    await scene.emit('b');
    await scene.pass(1_000);
    expect(await sent).toMatchObject({ durable: true });
    await scene.emit('c');
    expect(tab.gates()).toEqual(['a open', 'b open', 'c open']);
    expect(scene.decided).toEqual(['g']);
  });

  test('is noticed within ten seconds where nobody calls', async () => {
    const scene = new BrowserScene();
    const tab = await scene.tab('hub.js');
    await scene.emit('a');
    scene.browser.worker('hub.js')?.restart();
    await scene.pass(10_000);
    await scene.emit('b');
    expect([tab.gates(), last(tab)?.state]).toEqual([['a open', 'b open'], 'open']);
  });
});

describe('an owner that is stuck', () => {
  test('is superseded by a relay within ten seconds; when it wakes it can neither write nor have a command run', async () => {
    const scene = new BrowserScene();
    const stuck = await scene.tab('stuck.js');
    const relay = await scene.tab('relay.js');
    await scene.emit('a');
    // The server remembers for longer than the page is in doubt.
    await scene.pass(60_000);
    const worker = scene.browser.worker('stuck.js');
    worker?.life.freeze();
    const lost = stuck.client.send('decide', { gate: 'asked of the stuck one' }, { topic: 'run' });
    const waits = relay.client.send('decide', { gate: 'through the relay' }, { topic: 'run' });
    const perhaps = expect(lost).rejects.toMatchObject({ code: 'unconfirmed' });
    await scene.pass(10_000);
    expect(await waits).toMatchObject({ durable: true });
    expect(await roleOf(relay, scene)).toBe('owner');
    expect(scene.decided).toEqual(['through the relay']);
    expect(last(stuck)).toMatchObject({
      reason: 'hub_lost',
      detail: { message: expect.stringContaining('does not answer') },
    });
    const { term } = scene.browser.disk('ops', 'ann');
    worker?.life.thaw();
    await scene.pass(40_000);
    await perhaps;
    expect(await roleOf(stuck, scene)).toBe('relay');
    expect(scene.browser.disk('ops', 'ann').term).toBe(term);
    expect(scene.decided).toEqual(['through the relay', 'asked of the stuck one']);
    expect([scene.sockets, scene.server.connections]).toEqual([1, 1]);
    await scene.emit('b');
    expect([stuck.gates(), relay.gates()]).toEqual([
      ['a open', 'b open'],
      ['a open', 'b open'],
    ]);
  });

  test('is not taken for stuck where the whole machine slept', async () => {
    const scene = new BrowserScene();
    const owner = await scene.tab('one.js');
    const relay = await scene.tab('other.js');
    await scene.emit('a');
    const workers = ['one.js', 'other.js'].map((script) => scene.browser.worker(script));
    for (const worker of workers) worker?.life.freeze();
    await scene.pass(600_000);
    for (const worker of workers) worker?.life.thaw();
    await scene.pass(20_000);
    expect(await roleOf(owner, scene)).toBe('owner');
    expect(await roleOf(relay, scene)).toBe('relay');
  });
});

describe('a newer version', () => {
  test('takes over within a second; the older one relays from then on, and neither is told of a loss', async () => {
    const scene = new BrowserScene();
    const old = await scene.tab('old.js');
    await scene.emit('a');
    const young = await scene.tab('new.js', NEWER);
    const sent = old.client.send('decide', { gate: 'g' }, { topic: 'run' });
    await scene.pass(1_000);
    expect([await roleOf(old, scene), await roleOf(young, scene)]).toEqual(['relay', 'owner']);
    expect(await sent).toMatchObject({ durable: true });
    await scene.emit('b');
    for (const tab of [old, young]) expect(tab.gates()).toEqual(['a open', 'b open']);
    for (const tab of [old, young]) expect(reasons(tab)).not.toContain('hub_lost');
    expect(scene.decided).toEqual(['g']);
    expect(scene.sockets).toBe(1);
  });
});
