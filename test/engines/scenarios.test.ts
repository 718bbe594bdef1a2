import { type EngineTab, expect, test } from './fixtures.ts';

test('several tabs share one socket, hear the same, and see the decision of either', async ({
  open,
  network,
  serve,
}) => {
  const server = await serve();
  const tabs = [await open(), await open(), await open()] as const;
  for (const tab of tabs) await tab.is('open');
  await server.publish('run', { type: 'gate', gateId: 'a', state: 'open' });
  await server.publish('run', { type: 'line', text: 'to everybody' });

  const { id } = await tabs[1].decide('a', 'approved');

  for (const tab of tabs) {
    await hears(tab, ['gate a open', 'line to everybody', 'gate a approved']);
    await expect.poll(tab.settled).toMatchObject([{ id, outcome: { status: 'accepted' } }]);
    expect(await tab.outbox()).toEqual([]);
    expect(await tab.errors()).toEqual([]);
  }
  expect(server.ran.map(({ what }) => what)).toEqual(['decide a approved']);
  expect(network.peak).toBe(1);
  expect(frames(network.seen, 'hello')).toBe(1);
});

test('the only tab is reloaded, and has its state back, and what it missed, each once', async ({
  open,
  network,
  serve,
}) => {
  const server = await serve();
  const tab = await open();
  await tab.is('open');
  await server.publish('run', { type: 'node', name: 'n', count: 1 });
  await server.publish('run', { type: 'line', text: 'heard' });
  await hears(tab, ['node n 1', 'line heard']);
  await expect.poll(() => tab.stored('cursors')).toMatchObject([{ offset: 2 }]);

  await network.setMode('refuse');
  await tab.reload();
  await server.publish('run', { type: 'node', name: 'n', count: 2 });
  await server.publish('run', { type: 'line', text: 'missed' });
  await network.setMode('pass');

  await tab.is('open');
  // A hub that outlived its page gives it the state of before, and then what changed.
  await expect.poll(async () => (await texts(tab)).slice(-2)).toEqual(['node n 2', 'line missed']);
  expect((await texts(tab)).filter((text) => text.startsWith('line'))).toEqual(['line heard', 'line missed']);
  await hasNothingTwice(tab);
  expect(await tab.errors()).toEqual([]);
  await expect.poll(() => network.connections).toBe(1);
});

test('a decision made offline is stored, survives a reload, and arrives once when the server is back', async ({
  open,
  network,
  serve,
}) => {
  const server = await serve();
  const tab = await open();
  await tab.is('open');
  await server.publish('run', { type: 'gate', gateId: 'a', state: 'open' });
  await hears(tab, ['gate a open']);
  await network.setMode('refuse');
  await tab.isOffline();

  const { id, durable } = await tab.decide('a', 'approved');
  expect(durable).toBe(true);
  expect(await tab.stored('entries')).toHaveLength(1);
  await tab.reload();
  await expect.poll(tab.outbox).toEqual(['decide queued']);
  await network.setMode('pass');

  await expect.poll(tab.settled).toMatchObject([{ id, outcome: { status: 'accepted' } }]);
  await expect.poll(tab.outbox).toEqual([]);
  expect(server.ran.map(({ what }) => what)).toEqual(['decide a approved']);
  expect(await tab.errors()).toEqual([]);
});

test('the tab that started the worker is closed, another one crashes, and the last one goes on over the same socket', async ({
  open,
  network,
  serve,
}) => {
  const server = await serve();
  const first = await open();
  await first.is('open');
  const second = await open();
  const third = await open();
  for (const tab of [second, third]) await tab.is('open');
  await third.answerAlarms('the last');

  await first.close();
  await server.publish('run', { type: 'line', text: 'one' });
  for (const tab of [second, third]) await hears(tab, ['line one']);
  await second.crash();
  await server.publish('run', { type: 'line', text: 'two' });
  await server.publish('run', { type: 'alarm', text: 'who is there?' });

  await expect.poll(() => server.ran.map(({ what }) => what)).toEqual(['note the last heard one, two']);
  expect(network.peak).toBe(1);
  expect(frames(network.seen, 'hello')).toBe(1);
});

test('the worker is killed while a decision waits: the tabs start another one, and it arrives once', async ({
  open,
  killWorker,
  network,
  serve,
}) => {
  const server = await serve();
  const starter = await open();
  await starter.is('open');
  const tabs = [await open(), await open()] as const;
  for (const tab of tabs) await tab.is('open');
  // Its process holds nothing but the worker from now on.
  await starter.close();
  await server.publish('run', { type: 'gate', gateId: 'a', state: 'open' });
  for (const tab of tabs) await hears(tab, ['gate a open']);
  const { hub } = await tabs[0].inspect();
  await network.setMode('refuse');
  await tabs[0].isOffline();
  const { durable } = await tabs[0].decide('a', 'approved');
  expect(durable).toBe(true);

  await killWorker();
  for (const tab of tabs) {
    await expect.poll(async () => (await tab.inspect()).hub).not.toBe(hub);
    await expect.poll(tab.outbox).toEqual(['decide queued']);
  }
  await network.setMode('pass');

  for (const tab of tabs) {
    await expect.poll(tab.settled).toMatchObject([{ outcome: { status: 'accepted' } }]);
    await hears(tab, ['gate a open', 'gate a approved']);
    expect(await tab.errors()).toEqual([]);
  }
  expect(server.ran.map(({ what }) => what)).toEqual(['decide a approved']);
  await expect.poll(() => network.connections).toBe(1);
});

test('two builds, each with a worker of its own, share one socket, tabs of both work, and the newer one inherits it', async ({
  open,
  network,
  serve,
}) => {
  const server = await serve();
  const older = await open();
  await older.is('open');
  const newer = await open({ worker: 'of another build' });
  await newer.is('open');
  const { hub: owner, role } = await older.inspect();
  expect(role.state).toBe('owner');
  expect((await newer.inspect()).role).toEqual({ state: 'relay', owner });
  await server.publish('run', { type: 'gate', gateId: 'a', state: 'open' });
  await server.publish('run', { type: 'line', text: 'to both' });

  const { id, durable } = await newer.decide('a', 'approved');
  expect(durable).toBe(true);
  for (const tab of [older, newer]) {
    await hears(tab, ['gate a open', 'line to both', 'gate a approved']);
    await expect.poll(tab.settled).toMatchObject([{ id, outcome: { status: 'accepted' } }]);
  }
  await older.note('from the older one');

  await expect
    .poll(() => server.ran.map(({ what }) => what))
    .toEqual(['decide a approved', 'note from the older one']);
  for (const tab of [older, newer]) expect(await tab.errors()).toEqual([]);
  expect(network.peak).toBe(1);
  expect(frames(network.seen, 'hello')).toBe(1);
});

test('without SharedWorker the tabs’ own workers share one socket, and when its owner’s tab crashes, the other takes over', async ({
  open,
  network,
  serve,
}) => {
  const server = await serve();
  const owner = await open({ worker: 'dedicated' });
  await owner.is('open');
  const other = await open({ worker: 'dedicated' });
  await other.is('open');
  const { hub, role } = await owner.inspect();
  expect(role.state).toBe('owner');
  expect((await other.inspect()).role).toEqual({ state: 'relay', owner: hub });
  await server.publish('run', { type: 'gate', gateId: 'a', state: 'open' });
  await server.publish('run', { type: 'line', text: 'one' });
  const { durable } = await other.decide('a', 'approved');
  expect(durable).toBe(true);
  for (const tab of [owner, other]) {
    await hears(tab, ['gate a open', 'line one', 'gate a approved']);
    expect(await tab.errors()).toEqual([]);
  }
  expect(network.peak).toBe(1);
  expect(frames(network.seen, 'hello')).toBe(1);
  await other.answerAlarms('the other');

  // Decided while nobody can send it, by the tab that is about to be alone.
  await network.setMode('refuse');
  await other.isOffline();
  await other.decide('b', 'rejected');
  await owner.crash();
  await server.publish('run', { type: 'line', text: 'two' });
  await network.setMode('pass');
  await server.publish('run', { type: 'alarm', text: 'who is there?' });

  await expect
    .poll(() => server.ran.map(({ what }) => what))
    .toEqual(['decide a approved', 'decide b rejected', 'note the other heard one, two']);
  await expect.poll(() => network.connections).toBe(1);
});

test('with site and server ended, the only tab is reloaded, another one is opened, one of both is reloaded: page, hub and outbox are there, and what is decided in each is accepted once, in order', async ({
  openKept,
  outside,
}) => {
  const one = await openKept();
  await one.is('open');
  await one.isKept();
  await outside.end();

  await one.reload();
  await expect.poll(one.outbox).toEqual([]);
  expect(await one.decide('reloaded alone', 'approved')).toMatchObject({ durable: true });
  const other = await openKept();
  await expect.poll(other.outbox).toEqual(['decide queued']);
  expect(await other.decide('new tab', 'approved')).toMatchObject({ durable: true });
  await one.reload();
  await expect.poll(one.outbox).toEqual(['decide queued', 'decide queued']);
  expect(await one.decide('one of two', 'approved')).toMatchObject({ durable: true });
  await outside.comeBack();
  await other.reconnect();

  for (const tab of [one, other]) {
    await tab.is('open');
    await expect.poll(tab.outbox).toEqual([]);
    expect(await tab.errors()).toEqual([]);
  }
  expect(outside.decided()).toEqual(['reloaded alone', 'new tab', 'one of two']);
});

async function texts(tab: EngineTab): Promise<string[]> {
  return (await tab.heard()).map(({ event }) => {
    if (event.type === 'gate') return `gate ${event.gateId} ${event.state}`;
    if (event.type === 'node') return `node ${event.name} ${event.count}`;
    return event.type === 'line' ? `line ${event.text}` : event.type;
  });
}

/** Waits until the page heard exactly this of the topic, in this order. */
async function hears(tab: EngineTab, expected: readonly string[]): Promise<void> {
  await expect.poll(() => texts(tab)).toEqual(expected);
}

async function hasNothingTwice(tab: EngineTab): Promise<void> {
  const offsets = (await tab.heard()).map(({ offset }) => offset);
  expect(offsets).toEqual([...new Set(offsets)]);
}

function frames(seen: readonly { readonly frame: { readonly type: string } }[], type: string): number {
  return seen.filter(({ frame }) => frame.type === type).length;
}
