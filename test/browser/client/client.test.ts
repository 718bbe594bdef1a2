/** The tab's side with real hubs, real pages that die abruptly, and a real server. */
import { beforeEach, expect, inject, it } from 'vitest';
import { TestRoom } from '../worker/support/room.ts';
import { clientHere, clientInTab, ownHub, sharedHub } from './support/tab.ts';

let room: TestRoom;
let wish: { url: string; identity: string };
let hub: string;
beforeEach(async () => {
  room = await TestRoom.enter();
  wish = { url: room.url('/trunk'), identity: crypto.randomUUID() };
  hub = crypto.randomUUID();
  others = await allLocks();
});

const hellos = () => room.seen.filter(({ type }) => type === 'hello');
const ran = () => room.seen.filter(({ type }) => type === 'run');
/** Those of this test alone: the SharedWorkers of other tests live as long as this page. */
let others: (string | undefined)[];
const allLocks = async () => {
  const { held = [], pending = [] } = await navigator.locks.query();
  return [...held, ...pending].map(({ name }) => name);
};
const locks = async () => (await allLocks()).filter((name) => !others.includes(name));

it('brings events to the views of all tabs over one socket, and a new tab has the state at once', async () => {
  const here = clientHere({ ...wish, worker: () => sharedHub(hub) });
  const there = await clientInTab(hub, wish);
  const nodes = [here, there.client].map((client) => client.topic('run').latest('node'));
  for (const readable of nodes) readable.subscribe(() => {});
  await expect.poll(() => hellos()).toHaveLength(1);
  await expect.poll(() => room.seen.filter(({ type }) => type === 'resync_request')).toHaveLength(1);
  room.publish('run', 'a', { type: 'node', id: 'a', state: 'done' });
  for (const readable of nodes) {
    await expect.poll(() => readable.get().get('a')).toEqual({ type: 'node', id: 'a', state: 'done' });
  }
  const asked = room.seen.length;
  const late = await clientInTab(hub, wish);
  const state = late.client
    .topic('run')
    .view<string[]>([], (ids, event) => (event.type === 'node' ? [...ids, event.id] : ids));
  state.subscribe(() => {});
  await expect.poll(() => state.get()).toEqual(['a']);
  // But for the question whether the line lives.
  expect(room.seen.slice(asked).filter(({ type }) => type !== 'ping')).toEqual([]);
});

it('delivers a command once, and every tab hears how it ended', async () => {
  const here = clientHere({ ...wish, worker: () => sharedHub(hub) });
  const { client } = await clientInTab(hub, wish);
  const heard: unknown[] = [];
  client.outbox.onSettled((settled) => heard.push(settled));
  const receipt = await here.send('approve', { gate: 'g' });
  expect(receipt.durable).toBe(true);
  const outcome = { status: 'accepted', duplicate: false, result: { ran: 1 } };
  expect(await receipt.outcome).toEqual(outcome);
  await expect
    .poll(() => heard)
    .toEqual([{ id: receipt.id, command: { type: 'approve', gate: 'g' }, outcome, at: expect.any(Number) }]);
  expect(await client.outbox.settled(receipt.id)).toEqual(outcome);
  expect(ran()).toHaveLength(1);
});

it('goes on when another tab dies without a word', async () => {
  const here = clientHere({ ...wish, worker: () => sharedHub(hub) });
  const seen: string[] = [];
  const { client, remove } = await clientInTab(hub, wish);
  client.topic('run').on('line', () => {});
  await expect.poll(() => client.topic('run').status.get().state).toBe('live');
  here.topic('run').on('line', ({ text }) => seen.push(text));
  await expect.poll(() => here.topic('run').status.get().state).toBe('live');
  expect((await here.inspect()).tabs).toHaveLength(2);
  remove();
  await expect.poll(async () => (await here.inspect()).tabs.length).toBe(1);
  room.publish('run', 'k', { type: 'line', text: 'still here' });
  await expect.poll(() => seen).toEqual(['still here']);
});

it('notices that its hub was killed before it would have asked it, and carries on with a new one', async () => {
  const workers: Worker[] = [];
  const states: string[] = [];
  const client = clientHere({
    ...wish,
    worker() {
      const worker = ownHub();
      workers.push(worker);
      return worker;
    },
  });
  client.connection.subscribe((now) => states.push('reason' in now ? now.reason : now.state));
  const seen: string[] = [];
  const topic = client.topic('run');
  topic.on('line', ({ text }) => seen.push(text));
  const nodes = topic.latest('node');
  nodes.subscribe(() => {});
  await expect.poll(() => topic.status.get().state).toBe('live');
  room.publish('run', 'a', { type: 'node', id: 'a', state: 'on' });
  await expect.poll(() => nodes.get().size).toBe(1);
  const first = (await client.inspect()).hub;

  workers[0]?.terminate();
  const killedAt = performance.now();
  const sent = client.send('approve', { gate: 'g' });
  await expect.poll(() => states).toContain('hub_lost');
  // By the lock that came free, in milliseconds; by asking, a hub is given up after 4 s and 3 s more.
  expect(performance.now() - killedAt).toBeLessThan(7_000);
  const receipt = await sent;
  expect(await receipt.outcome).toMatchObject({ status: 'accepted', duplicate: false });
  expect(ran()).toHaveLength(1);
  expect((await client.inspect()).hub).not.toBe(first);
  await expect.poll(() => topic.status.get().state).toBe('live');
  room.publish('run', 'b', { type: 'node', id: 'b', state: 'on' });
  room.publish('run', 'k', { type: 'line', text: 'after' });
  await expect.poll(() => [...nodes.get().keys()]).toEqual(['a', 'b']);
  await expect.poll(() => seen).toEqual(['after']);
  expect(workers).toHaveLength(2);
});

it('says that the hub is unavailable where its script is gone', async () => {
  const gone = () => new SharedWorker('/no/such/worker.js', { type: 'module', name: hub });
  const client = clientHere({ ...wish, worker: gone });
  const sent = client.send('approve', { gate: 'g' });
  await expect(sent).rejects.toMatchObject({ code: 'hub_unavailable' });
  expect(client.connection.get()).toMatchObject({
    state: 'closed',
    reason: 'hub_unavailable',
    detail: { message: expect.stringContaining('reload to continue') },
  });
});

it('is told by the hub why a handshake fails, and by no page where nobody wants to know', async () => {
  const url = `${inject('httpServer')}/readable/403`;
  const open = (options: object) => {
    const client = clientHere({
      ...{ url, identity: crypto.randomUUID(), worker: () => sharedHub(hub) },
      ...options,
    });
    client.topic('run').on('line', () => {});
    return () => client.connection.get();
  };
  const curious = open({ diagnose: true });
  const content = open({});
  await expect
    .poll(curious)
    .toMatchObject({ state: 'closed', reason: 'network', detail: { closeCode: 1006, cause: 'forbidden' } });
  await expect.poll(content).toMatchObject({ state: 'closed', detail: { closeCode: 1006 } });
  expect(content()).not.toHaveProperty('detail.cause');
});

it('leaves the hub when its page is hidden, and comes back where it was', async () => {
  const { client, page } = await clientInTab(hub, wish);
  const watcher = clientHere({ ...wish, worker: () => sharedHub(hub) });
  const texts: string[] = [];
  const topic = client.topic('run');
  topic.on('line', ({ text }) => texts.push(text));
  watcher.topic('run').on('line', () => {});
  await expect.poll(() => topic.status.get().state).toBe('live');
  room.publish('run', 'x', { type: 'line', text: 'before' });
  await expect.poll(() => texts).toEqual(['before']);
  page.dispatchEvent(new PageTransitionEvent('pagehide', { persisted: true }));
  await expect.poll(async () => (await watcher.inspect()).tabs.length).toBe(1);
  room.publish('run', 'y', { type: 'line', text: 'meanwhile' });
  await expect.poll(async () => (await watcher.inspect()).counts.events).toBe(2);
  expect(texts).toEqual(['before']);
  page.dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }));
  await expect.poll(() => texts).toEqual(['before', 'meanwhile']);
  room.publish('run', 'z', { type: 'line', text: 'after' });
  await expect.poll(() => texts).toEqual(['before', 'meanwhile', 'after']);
});

it('signs out every tab of the identity, and starts no hub again', async () => {
  const here = clientHere({ ...wish, worker: () => sharedHub(hub) });
  const { client } = await clientInTab(hub, wish);
  await client.inspect();
  await here.inspect();
  expect(await here.signOut()).toEqual([]);
  for (const tab of [here, client]) {
    await expect.poll(() => tab.connection.get()).toMatchObject({ state: 'closed', reason: 'signed_out' });
    await expect(tab.send('approve', { gate: 'g' })).rejects.toMatchObject({ code: 'closed' });
  }
  await expect.poll(locks).toEqual([]);
});

it('lets go of everything when it is closed', async () => {
  const client = clientHere({ ...wish, worker: ownHub });
  client.topic('run').on('line', () => {});
  await client.inspect();
  expect((await locks()).filter((name) => name?.includes(':tab:'))).toHaveLength(2);
  await client.close();
  await expect.poll(locks).toEqual([]);
});

it('is signed out by the mark that another page leaves, also where its own hub knows nothing of it', async () => {
  const here = clientHere({ ...wish, worker: () => sharedHub(hub) });
  here.topic('run').on('line', () => {});
  const { page } = await clientInTab(hub, wish);
  await expect.poll(() => here.connection.get().state).toBe('open');
  page.localStorage.setItem(`trunkline:client-test:${wish.identity}:signed-out`, String(Date.now()));
  await expect.poll(() => here.connection.get()).toMatchObject({ state: 'closed', reason: 'signed_out' });
});
