/** The whole hub: `startHub` in real workers, real pages and ports, a real server. */
import { openDB } from 'idb';
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { scopeName } from '../../../src/protocol/names.ts';
import { ownerLock } from '../../../worker/shell/election.ts';
import { protocol } from './support/protocol.ts';
import { TestRoom } from './support/room.ts';
import { approval, newPage, RawTab, sharedHub, value } from './support/tab.ts';

let room: TestRoom;
let wish: { url: string; identity: string };
let worker: string;
beforeEach(async () => {
  room = await TestRoom.enter();
  wish = { url: room.url('/trunk'), identity: crypto.randomUUID() };
  worker = crypto.randomUUID();
});

const newTab = (page?: Window & typeof globalThis, name = worker) =>
  new RawTab(sharedHub(name, page), wish, page);
const heldLocks = async () => ((await navigator.locks.query()).held ?? []).map(({ name }) => name);
const ran = () => room.seen.filter(({ type }) => type === 'run');

describe('the hub in a SharedWorker', () => {
  it('holds the lease that it announces, and is one for all tabs of an identity', async () => {
    const [one, other] = [newTab(), newTab(newPage().page)];
    const [first, second] = await Promise.all([one.attach(), other.attach()]);
    expect(await heldLocks()).toContain(first.lease);
    expect(second).toEqual(first);
    const stranger = new RawTab(sharedHub(worker), { ...wish, identity: crypto.randomUUID() });
    expect((await stranger.attach()).hub).not.toBe(first.hub);
  });

  it('brings events to all tabs over one socket', async () => {
    const tabs = [newTab(), newTab(newPage().page), newTab(newPage().page)];
    for (const tab of tabs) {
      await tab.attach();
      await tab.subscribe('run:1');
    }
    room.publish('run:1', 'a', { type: 'node', id: 'a', state: 'done' });
    for (const tab of tabs) {
      await expect.poll(() => tab.events('run:1')).toEqual([{ type: 'node', id: 'a', state: 'done' }]);
    }
    expect(room.seen.filter(({ type }) => type === 'hello')).toHaveLength(1);
    expect(room.seen.filter(({ type }) => type === 'resync_request')).toHaveLength(1);
  });

  it('delivers a command once, and tells every tab how it ended', async () => {
    const [one, other] = [newTab(), newTab(newPage().page)];
    await Promise.all([one.attach(), other.attach()]);
    const id = await one.send('g1');
    const outcome = { status: 'accepted', duplicate: false, result: { ran: 1 } };
    for (const tab of [one, other]) {
      await expect
        .poll(() => tab.batches.flatMap(({ settled = [] }) => settled))
        .toMatchObject([{ id, command: { type: 'approve', gate: 'g1' }, outcome }]);
      expect(await tab.hub.settled(id)).toEqual({ ok: true, value: outcome });
    }
    expect(ran()).toMatchObject([{ id, command: { type: 'approve', gate: 'g1' } }]);
  });

  it('comes back when its connection is lost', async () => {
    const tab = newTab();
    await tab.attach();
    await tab.subscribe('t');
    await tab.isOpen();
    room.cut();
    await expect.poll(() => room.seen.filter(({ type }) => type === 'hello').length).toBe(2);
    await tab.isOpen();
    expect(room.seen.filter(({ live = 0 }) => live > 1)).toEqual([]);
  });

  it('forgets a page that died without a word', async () => {
    const survivor = newTab();
    await survivor.attach();
    const { page, remove } = newPage();
    const victim = newTab(page);
    await victim.attach();
    await victim.subscribe('t');
    expect((await survivor.inspect()).tabs).toHaveLength(2);
    remove();
    await expect.poll(async () => (await survivor.inspect()).tabs.length).toBe(1);
  });

  it('delivers nothing to a tab that detached, and all to one that attached again', async () => {
    const tab = newTab();
    await tab.attach();
    await tab.subscribe('t');
    await tab.isOpen();
    const watcher = newTab();
    await watcher.attach();
    await watcher.subscribe('t');
    value(await tab.hub.detach());
    const before = tab.batches.length;
    room.publish('t', 'a', { type: 'node', id: 'a', state: 'missed' });
    await expect.poll(() => watcher.events('t')).toHaveLength(1);
    expect(tab.batches).toHaveLength(before);
    expect(await tab.hub.subscribe('t', 1, null)).toMatchObject({ ok: false, code: 'hub_lost' });
    await tab.attach();
    expect((await tab.inspect()).tabs.map(({ tab: id }) => id)).toEqual([2, 3]);
    await tab.subscribe('t');
    await expect.poll(() => tab.events('t')).toEqual([{ type: 'node', id: 'a', state: 'missed' }]);
  });

  it('tells a page whose lease ended, and which lives nevertheless, to attach again', async () => {
    const tab = newTab();
    value(await tab.tryAttach({ lease: crypto.randomUUID() }));
    await expect.poll(() => tab.hub.reconnect()).toMatchObject({ ok: false, code: 'hub_lost' });
    await tab.attach();
    expect(await tab.hub.reconnect()).toEqual({ ok: true, value: null });
  });

  it('takes a lease that cannot be for a page that is gone', async () => {
    const tab = newTab();
    value(await tab.tryAttach({ lease: '-reserved' }));
    await expect.poll(() => tab.hub.reconnect()).toMatchObject({ ok: false, code: 'hub_lost' });
  });

  it('asks a tab for the token, says it in hello alone, and stores it nowhere', async () => {
    const token = `token-${crypto.randomUUID()}`;
    const tab = newTab();
    value(await tab.tryAttach({ hasToken: true }));
    await tab.subscribe('t');
    const asked = () => tab.batches.find(({ tokenRequest }) => tokenRequest !== undefined)?.tokenRequest;
    await expect.poll(asked).toBeDefined();
    value(await tab.hub.token(asked() ?? 0, { token }));
    await expect.poll(() => room.seen.find(({ type }) => type === 'hello')).toMatchObject({ token });
    await tab.send('g');
    const db = await openDB(scopeName(protocol.app, wish.identity));
    const rows = await Promise.all([...db.objectStoreNames].map((table) => db.getAll(table)));
    db.close();
    expect(rows.flat().length).toBeGreaterThan(0);
    expect(JSON.stringify([rows, tab.batches])).not.toContain(token);
  });

  it('leaves out an event that cannot be posted, says so, and goes on', async () => {
    const tab = newTab();
    await tab.attach();
    await tab.subscribe('t');
    await tab.isOpen();
    room.publish('t', 'o', { type: 'odd', id: 'o' });
    await expect
      .poll(() => tab.batches.flatMap(({ reports = [] }) => reports))
      .toContainEqual(expect.objectContaining({ kind: 'error', code: 'invalid_event' }));
    room.publish('t', 'a', { type: 'node', id: 'a', state: 'fine' });
    await expect.poll(() => tab.events('t')).toEqual([{ type: 'node', id: 'a', state: 'fine' }]);
  });
});

describe('what a hub refuses', () => {
  it('refuses a page of another application, or of another make', async () => {
    const tab = newTab();
    expect(await tab.tryAttach({ app: 'other' })).toMatchObject({ ok: false, code: 'unsupported' });
    for (const broken of [{ identity: 7 }, { lease: null }, { url: undefined }, { dialect: 'morse' }]) {
      expect(await tab.tryAttach(broken)).toMatchObject({ ok: false, code: 'version_mismatch' });
    }
    // @ts-expect-error: a page of another make
    expect(await tab.hub.attach(null, null)).toMatchObject({ ok: false, code: 'version_mismatch' });
    await tab.attach();
  });

  it('refuses calls of a page that is not attached, and calls that make no sense', async () => {
    const tab = newTab();
    expect(await tab.hub.inspect()).toMatchObject({ ok: false, code: 'hub_lost' });
    expect(await tab.hub.ping()).toMatchObject({ ok: false, code: 'hub_lost' });
    await tab.attach();
    expect(await tab.hub.ping()).toEqual({ ok: true, value: null });
    // @ts-expect-error: a page of another make
    expect(await tab.hub.subscribe({ topic: 't' }, 1, null)).toMatchObject({ code: 'version_mismatch' });
    expect(await tab.hub.send([approval('no-uuid', 'g')])).toMatchObject([{ code: 'version_mismatch' }]);
    await tab.send('g');
    await expect.poll(() => ran()).toHaveLength(1);
  });
});

describe('a hub in need', () => {
  const lacking = (name: 'locks' | 'storage' | 'sense') => {
    const url = new URL('./support/hub-in-need.ts', import.meta.url);
    const port = new Worker(url, { type: 'module', name });
    onTestFinished(() => port.terminate());
    return new RawTab(port, wish);
  };

  it('works without locks and without what they guard, and says so', async () => {
    const tab = lacking('locks');
    expect(await tab.attach()).toMatchObject({ lease: '', as: 'owner' });
    expect(await tab.hub.send([approval(crypto.randomUUID(), 'g')])).toMatchObject([{ ok: true }]);
    await expect.poll(() => ran()).toHaveLength(1);
    const { storage } = await tab.inspect();
    expect(storage).toEqual({ state: 'degraded', reason: expect.stringContaining('no Web Locks') });
  });

  it('works without storage, and says so', async () => {
    const tab = lacking('storage');
    await tab.attach();
    expect(await tab.hub.send([approval(crypto.randomUUID(), 'g')])).toMatchObject([{ ok: true }]);
    await expect.poll(() => ran()).toHaveLength(1);
    expect(tab.batches.flatMap(({ storage = [] }) => storage).at(-1)).toMatchObject({ state: 'degraded' });
  });

  const reports = (tab: RawTab) => tab.batches.flatMap(({ reports = [] }) => reports);
  const fault = expect.objectContaining({
    kind: 'error',
    message: expect.stringContaining('a fault in the hub itself'),
  });

  it('answers the call that it fails at, tells the tabs, and makes room for a new hub', async () => {
    const tab = lacking('sense');
    const { hub, lease } = await tab.attach();
    await tab.subscribe('t');
    const [reply] = await tab.hub.send([approval(crypto.randomUUID(), 'g')]);
    expect(reply).toMatchObject({ ok: false, message: expect.stringContaining('a fault in the hub itself') });
    await expect.poll(() => reports(tab)).toContainEqual(fault);
    await expect.poll(heldLocks).not.toContain(lease);
    expect(await tab.hub.inspect()).toMatchObject({ ok: false, code: 'hub_lost' });
    expect((await tab.attach()).hub).not.toBe(hub);
  });

  it('leaves no call without an answer where it fails at anything else', async () => {
    const tab = lacking('sense');
    await tab.attach();
    // It waits for the store, and fails when that is open.
    const [reply] = await tab.hub.send([approval(crypto.randomUUID(), 'g')]);
    expect(reply).toMatchObject({ ok: false, code: 'hub_lost' });
    await expect.poll(() => reports(tab)).toContainEqual(fault);
  });

  it('tells of stored rows that it cannot read', async () => {
    const first = newTab(newPage().page, 'first');
    await first.attach();
    await first.send('g');
    const db = await openDB(scopeName(protocol.app, wish.identity));
    await db.put('entries', { id: 'broken' });
    db.close();
    value(await first.hub.signOut(false));
    const second = newTab(window, 'second');
    await second.attach();
    await expect
      .poll(() => reports(second))
      .toContainEqual(expect.objectContaining({ message: expect.stringContaining('entries (broken)') }));
    await second.send('h');
    await expect.poll(() => ran()).toHaveLength(2);
  });

  it('lets the line go when another takes it by force, and takes it back from one that does not answer', async () => {
    const tab = newTab();
    const { hub } = await tab.attach();
    await tab.subscribe('t');
    await tab.isOpen();
    const stolen = navigator.locks.request(
      ownerLock(protocol.app, wish.identity),
      { steal: true },
      () => new Promise<void>((release) => onTestFinished(() => release())),
    );
    // Robbed itself.
    stolen.catch(() => {});
    await expect.poll(() => tab.batches.at(-1)).toEqual({ hub, moved: true });
    await expect.poll(() => room.seen.at(-1)).toMatchObject({ type: 'left', live: 0 });
    expect(await tab.hub.inspect()).toMatchObject({ ok: false, code: 'hub_lost' });
    expect((await tab.attach()).hub).not.toBe(hub);
    await expect.poll(async () => (await tab.inspect()).role).toEqual({ state: 'owner', term: 2 });
  });
});

describe('signing out', () => {
  it('tells every tab, ends the hub, and a later attach begins a new one', async () => {
    const [one, other] = [newTab(), newTab(newPage().page)];
    const { hub, lease } = await one.attach();
    await other.attach();
    await one.subscribe('t');
    await one.isOpen();
    expect(await one.hub.signOut(false)).toEqual({ ok: true, value: [] });
    for (const tab of [one, other]) {
      await expect
        .poll(() => tab.batches.at(-1)?.connection)
        .toMatchObject({ state: 'closed', reason: 'signed_out' });
      expect(await tab.hub.inspect()).toMatchObject({ ok: false, code: 'closed' });
    }
    await expect.poll(() => room.seen.at(-1)).toMatchObject({ type: 'left', live: 0 });
    await expect.poll(heldLocks).not.toContain(lease);
    const next = await one.attach();
    expect(next.hub).not.toBe(hub);
    await one.send('g');
    await expect.poll(() => ran()).toHaveLength(1);
  });
});

describe('two hubs of one identity', () => {
  it('relay to the one that owns the socket, until its worker dies; then the other takes its outbox over', async () => {
    const { page, remove } = newPage();
    const first = newTab(page, 'first');
    await first.attach();
    await expect.poll(async () => (await first.inspect()).role).toEqual({ state: 'owner', term: 1 });
    const second = newTab(window, 'second');
    const { hub } = await second.attach();
    expect((await second.inspect()).role).toEqual({ state: 'relay', owner: hub });
    const done = await first.send('done');
    await expect.poll(() => ran()).toHaveLength(1);
    const outcome = { status: 'accepted', duplicate: false, result: { ran: 1 } };
    await expect
      .poll(() => second.batches.flatMap(({ settled = [] }) => settled))
      .toMatchObject([{ id: done, outcome }]);
    remove();
    await expect.poll(() => second.batches.at(-1)).toEqual({ hub, moved: true });
    await second.attach();
    await expect.poll(async () => (await second.inspect()).role).toEqual({ state: 'owner', term: 2 });
    expect(value(await second.hub.settled(done))).toMatchObject({ status: 'accepted' });
    await second.send('more');
    await expect.poll(() => ran()).toHaveLength(2);
    expect(room.seen.filter(({ type }) => type === 'hello').map(({ term }) => term)).toEqual([1, 2]);
  });

  it('let what was stored while there was no server arrive from the next one, once', async () => {
    const { page, remove } = newPage();
    const first = new RawTab(sharedHub('first', page), { ...wish, url: 'ws://127.0.0.1:1/' }, page);
    await first.attach();
    const ids: string[] = [];
    for (const gate of ['a', 'b', 'c']) ids.push(await first.send(gate));
    remove();
    const second = newTab(window, 'second');
    await second.attach();
    await expect.poll(() => ran().map(({ id }) => id)).toEqual(ids);
    for (const id of ids) {
      await expect
        .poll(async () => value(await second.hub.settled(id)))
        .toMatchObject({ status: 'accepted' });
    }
  });

  it('let the one without tabs give way, though its worker lives on', async () => {
    const { page, remove } = newPage();
    const before = new RawTab(sharedHub(worker, page, true), wish, page);
    const { lease } = await before.attach();
    await before.subscribe('t');
    await before.isOpen();
    const after = newTab(undefined, crypto.randomUUID());
    const { hub } = await after.attach();
    remove();
    await expect.poll(() => after.batches.at(-1)).toEqual({ hub, moved: true });
    await after.attach();
    await after.subscribe('t');
    await after.isOpen();
    expect((await after.inspect()).role).toMatchObject({ state: 'owner' });
    expect(await heldLocks()).toContain(lease);
    expect(room.seen.filter(({ live = 0 }) => live > 1)).toEqual([]);
  });
});

describe('two hubs of one identity, each in a worker of one page', () => {
  const own = (page: Window & typeof globalThis) => {
    const port = new page.Worker(new URL('./support/hub.ts', import.meta.url), { type: 'module' });
    return new RawTab(port, wish, page);
  };

  it('share one socket; the page of the owner dies, and what was sent through the relay arrives once', async () => {
    const [first, second] = [newPage(), newPage()];
    const [one, other] = [own(first.page), own(second.page)];
    for (const tab of [one, other]) {
      await tab.attach();
      await tab.subscribe('t');
      await tab.isOpen();
    }
    room.publish('t', 'a', { type: 'node', id: 'a', state: 'done' });
    for (const tab of [one, other]) {
      await expect.poll(() => tab.events('t')).toEqual([{ type: 'node', id: 'a', state: 'done' }]);
    }
    const sent = await other.send('relayed');
    await expect.poll(() => ran()).toHaveLength(1);
    first.remove();
    await expect.poll(() => other.batches.at(-1)).toMatchObject({ moved: true });
    await other.attach();
    await other.send('own');
    await expect.poll(() => ran()).toHaveLength(2);
    expect(ran()[0]).toMatchObject({ id: sent });
    expect(room.seen.filter(({ live = 0 }) => live > 1)).toEqual([]);
  });
});

describe('the hub in a worker of one page', () => {
  it('serves that page', async () => {
    const port = new Worker(new URL('./support/hub.ts', import.meta.url), { type: 'module' });
    onTestFinished(() => port.terminate());
    const tab = new RawTab(port, wish);
    await tab.attach();
    await tab.send('g');
    await expect.poll(() => ran()).toHaveLength(1);
  });
});
