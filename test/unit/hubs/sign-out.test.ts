import { describe, expect, test } from 'vitest';
import type { TrunklineError } from '../../../src/client/errors.ts';
import { BrowserScene, NEWER, type SceneTab } from '../../support/browser-scene.ts';

const ORDERS = 150;

/** Mulberry32: the same numbers for the same seed. */
function randomOf(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

/** How it went: what it resolved with, or its error's code. */
interface Asked<T> {
  value?: T;
  code?: string;
}

function asked<T>(promise: Promise<T>): Asked<T> {
  const how: Asked<T> = {};
  promise.then(
    (value) => {
      how.value = value;
    },
    (error: TrunklineError) => {
      how.code = error.code;
    },
  );
  return how;
}

const send = ({ client }: SceneTab, gate: string) => asked(client.send('decide', { gate }, { topic: 'run' }));
const isSignedOut = ({ client }: SceneTab) => {
  const now = client.connection.get();
  return now.state === 'closed' && now.reason === 'signed_out';
};
const gatesOf = (entries: readonly { command: object }[] | undefined) =>
  entries?.map(({ command }) => (command as { gate: string }).gate).toSorted();

/** Three hubs, the first of which owns, with two tabs each where they can be shared. */
async function fiveTabs(scene: BrowserScene): Promise<SceneTab[]> {
  const tabs: SceneTab[] = [];
  for (const script of ['one.js', 'one.js', 'other.js', 'other.js', null]) tabs.push(await scene.tab(script));
  await scene.emit('a');
  return tabs;
}

/** Plays one order of the same events; returns what is wrong with it. */
async function play(seed: number, discard: boolean): Promise<string[]> {
  const random = randomOf(seed);
  const scene = new BrowserScene();
  const tabs = await fiveTabs(scene);
  await scene.server.stop();
  await scene.pass(100);
  scene.clock.choose = random;
  const sends = new Map(tabs.map((tab, i) => [`early ${i}`, send(tab, `early ${i}`)]));
  for (let turns = random(12); turns > 0; turns--) await Promise.resolve();
  const asker = tabs[random(tabs.length)];
  if (!asker) throw new Error('there is no tab');
  sends.set('same turn', send(asker, 'same turn'));
  const out = asked(asker.client.signOut({ discard }));
  for (const [i, tab] of tabs.entries()) {
    if (random(2) === 0) sends.set(`late ${i}`, send(tab, `late ${i}`));
  }
  await scene.pass(100);
  const stayed = tabs.filter((tab) => !isSignedOut(tab)).length;

  await scene.server.start();
  await scene.pass(10_000);
  const after = { sockets: scene.sockets, decided: scene.decided.length };
  for (const { page } of tabs) page.close();
  const back = await scene.tab('one.js');
  await scene.pass(10_000);

  const wrong: string[] = [];
  const judge = (holds: boolean, what: string) => holds || wrong.push(what);
  const of = (is: (how: Asked<{ durable: boolean }>) => boolean) =>
    [...sends].filter(([, how]) => is(how)).map(([gate]) => gate);
  const listed = gatesOf(out.value) ?? [];
  const has = (gate: string) => listed.includes(gate);
  judge(stayed === 0, 'a tab stayed signed in');
  judge(after.sockets === 0, 'a socket was open after it');
  judge(after.decided === 0, 'a command ran after it');
  judge(out.code === undefined, `it was answered with ${out.code}`);
  judge(sends.get('same turn')?.value?.durable === true, 'a send before it, in the same turn, was not taken');
  judge(of(({ value }) => value?.durable === true).every(has), 'what was taken is not in its list');
  judge(!of(({ code }) => code === 'closed').some(has), 'what was refused is in its list');
  judge(of(({ value, code }) => !value && !code).length === 0, 'a send was never answered');
  judge(back.client.connection.get().state === 'open', 'signing in again does not connect');
  const ran = scene.decided.toSorted().join();
  if (discard) judge(ran === '', 'what was thrown away ran');
  else judge(ran === listed.join(), 'what ran later is not what was listed');
  return wrong.map((what) => `${what} (order ${seed})`);
}

describe('signing out', () => {
  test.for([false, true])(
    'ends every tab of every hub, in any order of events, and is true about what was sent; discard: %s',
    { timeout: 60_000 },
    async (discard) => {
      const wrong: string[] = [];
      for (let seed = 1; seed <= ORDERS; seed++) wrong.push(...(await play(seed, discard)));
      expect(wrong).toEqual([]);
    },
  );

  test.for([
    ['one.js', 'owner', false],
    ['one.js', 'owner', true],
    ['one.js', 'relay', true],
    ['other.js', 'relay', true],
  ] as const)(
    'is done, or is not, where the worker %s dies at any moment of it, asked of the %s; discard: %s',
    { timeout: 60_000 },
    async ([script, askedOf, discard]) => {
      const wrong: string[] = [];
      for (let tasks = 0; tasks < 60; tasks++) {
        const scene = new BrowserScene();
        const tabs = [await scene.tab('one.js'), await scene.tab('other.js')] as const;
        const asker = tabs[askedOf === 'owner' ? 0 : 1];
        await scene.emit('a');
        await scene.server.stop();
        await scene.pass(100);
        const taken = send(tabs[0], 'before');
        await scene.pass(100);
        const turn = send(asker, 'same turn');
        const out = asked(asker.client.signOut({ discard }));
        let left = tasks;
        scene.clock.between = () => {
          if (left-- === 0) scene.browser.worker(script)?.kill();
        };
        await scene.pass(60_000);
        scene.clock.between = () => {};
        const signedOut = tabs.map(isSignedOut);
        await scene.server.start();
        await scene.pass(60_000);
        const ranBefore = scene.decided;
        const again = await scene.tab('one.js');
        await scene.pass(60_000);

        const judge = (holds: boolean, what: string) => holds || wrong.push(`${what} (${tasks})`);
        judge(taken.value?.durable === true, 'what was stored was not taken');
        judge(signedOut.every(Boolean), 'a tab stayed signed in');
        judge(scene.sockets === 1 && ranBefore.length === 0, 'a socket was open after it');
        judge(again.client.connection.get().state === 'open', 'signing in again does not connect');
        judge(out.value !== undefined || out.code === 'closed', `it was answered with ${out.code}`);
        judge(
          turn.value !== undefined || /hub_lost|unconfirmed/.test(turn.code ?? ''),
          `the send: ${turn.code}`,
        );
        if (out.value && turn.value) judge(gatesOf(out.value)?.length === 2, 'its list is not true');
        judge(!discard || scene.decided.length === 0, 'what was thrown away ran');
        judge(discard || scene.decided.includes('before'), 'what was kept did not run');
        judge(discard || !turn.value || scene.decided.includes('same turn'), 'what was taken did not run');
      }
      expect(wrong).toEqual([]);
    },
  );

  test.for(['cached', 'frozen', 'frozen with a worker of its own'] as const)(
    'a tab that is %s meanwhile is signed out when it is back: no socket, nothing sent; who signs in anew is connected at once',
    async (how) => {
      const scene = new BrowserScene();
      const asker = await scene.tab('hub.js');
      const away = await scene.tab(how === 'frozen with a worker of its own' ? null : 'hub.js');
      await scene.emit('a');
      await scene.server.stop();
      const kept = send(away, 'waits');
      await scene.pass(100);
      expect(kept.value).toMatchObject({ durable: true });
      if (how === 'cached') away.page.enterCache();
      else away.page.freeze();
      await scene.pass(500);
      const out = asked(asker.client.signOut());
      await scene.pass(100);
      expect(gatesOf(out.value)).toEqual(['waits']);
      await scene.server.start();
      if (how === 'cached') away.page.leaveCache();
      else away.page.thaw();
      const late = send(away, 'too late');
      await scene.pass(30_000);
      expect([isSignedOut(asker), isSignedOut(away)]).toEqual([true, true]);
      expect(late.code).toMatch(/closed|hub_lost/);
      expect([scene.sockets, scene.decided]).toEqual([0, []]);

      const again = await scene.tab('hub.js');
      await scene.pass(100);
      expect(again.client.connection.get().state).toBe('open');
      await scene.pass(1_000);
      expect(scene.decided).toEqual(['waits']);
      expect(isSignedOut(away)).toBe(true);
    },
  );

  test('a tab in the cache since before this hub began is signed out, too, by whatever hub it comes back to', async () => {
    const scene = new BrowserScene();
    const away = await scene.tab('hub.js');
    await scene.emit('a');
    away.page.enterCache();
    await scene.pass(500);
    scene.browser.worker('hub.js')?.kill();
    const asker = await scene.tab('hub.js');
    await scene.pass(500);
    asked(asker.client.signOut());
    await scene.pass(500);
    // Another hub is there when it comes, and it relays to that one.
    const again = await scene.tab('other.js');
    await scene.pass(500);
    away.page.leaveCache();
    await scene.pass(1_000);
    expect(isSignedOut(away)).toBe(true);
    expect([again.client.connection.get().state, scene.sockets]).toEqual(['open', 1]);
  });

  test.for([
    'the storage failed over it',
    'the database was deleted after it',
    'the storage failed over it, the clock was set back before it',
  ])(
    'a tab in the cache is signed out, too, where %s and the worker has ended; who signs in anew is not',
    async (why) => {
      const scene = new BrowserScene();
      const disk = scene.browser.disk('ops', 'ann');
      const away = await scene.tab('hub.js');
      const asker = await scene.tab('hub.js');
      await scene.emit('a');
      away.page.enterCache();
      if (why.includes('failed')) disk.failure = 'full';
      if (why.includes('set back')) scene.browser.clock.jump(-3_600_000);
      asked(asker.client.signOut());
      await scene.pass(100);
      expect(isSignedOut(asker)).toBe(true);
      scene.browser.worker('hub.js')?.kill();
      disk.failure = null;
      if (why.includes('deleted')) disk.erase();
      const again = await scene.tab('hub.js');
      await scene.pass(1_000);
      away.page.leaveCache();
      await scene.pass(1_000);
      expect([isSignedOut(away), scene.sockets]).toEqual([true, 1]);
      // Whoever was there after it stays, whatever dies.
      scene.browser.worker('hub.js')?.kill();
      await scene.pass(10_000);
      expect(again.client.connection.get().state).toBe('open');
    },
  );

  test('one that empties the outbox is in doubt where the hub died that was asked first, though the next one refuses it', async () => {
    const scene = new BrowserScene();
    const asker = await scene.tab('hub.js');
    await scene.emit('a');
    const release = scene.browser.disk('ops', 'ann').hold();
    const out = asked(asker.client.signOut({ discard: true }));
    await scene.pass(100);
    scene.browser.worker('hub.js')?.kill();
    await scene.pass(9_000);
    expect(out.code).toBe('unconfirmed');
    release();
    await scene.pass(1_000);
    expect(isSignedOut(asker)).toBe(true);
  });

  test('one that nobody answered in time throws nothing away at a later hub, since nobody would hear what', async () => {
    const scene = new BrowserScene();
    const asker = await scene.tab('one.js');
    const other = await scene.tab('other.js');
    await scene.emit('a');
    await scene.server.stop();
    scene.browser.worker('one.js')?.life.freeze();
    const out = asked(asker.client.signOut({ discard: true }));
    await scene.pass(15_000);
    expect(out.code).toBe('unconfirmed');
    const taken = send(other, 'decided since');
    await scene.pass(1_000);
    expect(taken.value).toMatchObject({ durable: true });
    scene.browser.worker('one.js')?.kill();
    await scene.pass(30_000);
    expect([isSignedOut(asker), isSignedOut(other)]).toEqual([true, true]);
    await scene.server.start();
    await scene.tab('one.js');
    await scene.pass(10_000);
    expect(scene.decided).toEqual(['decided since']);
  });

  test('who signs in at another worker after a sign-out that no store took stays, whichever worker owns next', async () => {
    const scene = new BrowserScene();
    const disk = scene.browser.disk('ops', 'ann');
    const asker = await scene.tab('one.js');
    await scene.emit('a');
    disk.failure = 'full';
    asked(asker.client.signOut());
    await scene.pass(100);
    expect(isSignedOut(asker)).toBe(true);
    disk.failure = null;
    const stays = await scene.tab('other.js');
    await scene.pass(1_000);
    // Through the same owner, in the worker that alone knows of the sign-out.
    const relayed = await scene.tab('one.js');
    await scene.pass(1_000);
    expect([stays, relayed].map(({ client }) => client.connection.get().state)).toEqual(['open', 'open']);
    scene.browser.worker('other.js')?.kill();
    await scene.pass(20_000);
    expect([stays, relayed].map(({ client }) => client.connection.get().state)).toEqual(['open', 'open']);
  });

  test('a tab whose hub knows nothing of a sign-out hears of it from the page that signed out', async () => {
    const scene = new BrowserScene();
    const asker = await scene.tab('one.js');
    const other = await scene.tab('other.js');
    await scene.emit('a');
    // No store tells it, and its worker cannot be told.
    scene.browser.worker('other.js')?.life.freeze();
    scene.browser.disk('ops', 'ann').failure = 'full';
    asked(asker.client.signOut());
    await scene.pass(5_100);
    expect([isSignedOut(asker), isSignedOut(other), scene.sockets]).toEqual([true, true, 0]);
  });

  test('a tab that waits for the hub of its build to own is signed out, too', async () => {
    const scene = new BrowserScene();
    const asker = await scene.tab('one.js');
    await scene.emit('a');
    await scene.server.stop();
    scene.browser.disk('ops', 'ann').failure = 'full';
    send(asker, 'in memory alone');
    await scene.pass(100);
    // The owner keeps what no store has.
    const newer = await scene.tab('newer.js', NEWER);
    await scene.pass(500);
    const out = asked(asker.client.signOut());
    await scene.pass(1_000);
    expect(out.value).toHaveLength(1);
    expect(isSignedOut(newer)).toBe(true);
  });

  test('a tab whose hub died before it could say anything is signed out, too', async () => {
    const scene = new BrowserScene();
    const release = scene.browser.disk('ops', 'ann').hold();
    const away = await scene.tab('hub.js');
    away.page.enterCache();
    await scene.pass(100);
    scene.browser.worker('hub.js')?.kill();
    release();
    await scene.pass(1_000);
    const asker = await scene.tab('hub.js');
    await scene.pass(100);
    asked(asker.client.signOut());
    await scene.pass(1_000);
    away.page.leaveCache();
    await scene.pass(1_000);
    expect([isSignedOut(away), scene.sockets]).toEqual([true, 0]);
  });

  test('a hub that has heard nothing for 5 s is waited for no longer, and hears it when it wakes', async () => {
    const scene = new BrowserScene();
    const asker = await scene.tab('one.js');
    const stuck = await scene.tab('stuck.js');
    await scene.emit('a');
    const worker = scene.browser.worker('stuck.js');
    worker?.life.freeze();
    const out = asked(asker.client.signOut());
    await scene.pass(100);
    expect(out.value).toEqual([]);
    const again = await scene.tab('one.js');
    await scene.pass(5_000);
    expect(again.client.connection.get().state).toBe('open');
    worker?.life.thaw();
    await scene.pass(20_000);
    expect([isSignedOut(asker), isSignedOut(stuck), scene.sockets]).toEqual([true, true, 1]);
  });
});
