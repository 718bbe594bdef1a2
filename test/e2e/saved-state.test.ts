import type { IncomingMessage } from 'node:http';
import { join } from 'node:path';
import type { BrowserContext } from '@playwright/test';
import type { LabServer } from './app/lab/server.ts';
import { expect, type LabTab, openLab, test } from './harness/lab.ts';
import { labConfig } from './harness/lab-page.ts';
import { startOwnBrowser } from './harness/own-browser.ts';
import { storageOf } from './harness/storage-of.ts';

const KEEPS = { worker: 'that keeps' } as const;
const DATABASE = 'trunkline-state:lab:anonymous';

const nodes = ({ page }: LabTab) => page.evaluate(() => window.lab.nodes);
const status = ({ page }: LabTab) => page.evaluate(() => window.lab.client.topic('run').status.get());
const databases = ({ page }: LabTab) =>
  page.evaluate(async () => (await indexedDB.databases()).map(({ name }) => name));

const placeOnDisk = async ({ page }: LabTab): Promise<unknown> => {
  const found = JSON.parse(await storageOf(page)) as unknown[];
  return found[found.indexOf('cursors') + 1];
};

/** Two nodes are published, shown, and found on the disk, as is the place up to which they were shown. */
async function keepTwo(server: LabServer, tab: LabTab): Promise<void> {
  await tab.hears('run');
  server.publish('run', { type: 'node', name: 'private node', count: 1 });
  server.publish('run', { type: 'node', name: 'other', count: 7 });
  await expect.poll(() => nodes(tab)).toEqual({ 'private node': 1, other: 7 });
  await expect.poll(() => storageOf(tab.page)).toContain('private node');
  await expect.poll(() => storageOf(tab.page)).toContain('node:other');
  await expect.poll(() => placeOnDisk(tab)).toMatchObject([{ topic: 'run', offset: 2 }]);
}

/** Nothing of it is on the disk, in either database. */
async function expectGone(tab: LabTab): Promise<void> {
  await expect.poll(() => storageOf(tab.page)).not.toContain('private node');
  await expect.poll(() => nodes(tab)).toEqual({});
}

test('a browser that is killed and started with no server shows the last known state and its age, and takes a decision that is accepted once', async ({
  folder,
  network,
  serve,
  site,
}) => {
  const profile = join(folder, 'profile');
  const start = async () => {
    const own = await startOwnBrowser(profile);
    return { own, tab: await openLab(own.context, site.origin, labConfig(network.port, KEEPS)) };
  };
  let server = await serve();
  const first = await start();
  await keepTwo(server, first.tab);
  await first.own.kill();
  await server.crash();
  await network.setMode('refuse');

  const second = await start();
  await expect.poll(() => nodes(second.tab)).toEqual({ 'private node': 1, other: 7 });
  expect(await status(second.tab)).toMatchObject({ state: 'stale', offset: 2, savedAt: expect.any(Number) });
  expect(await second.tab.page.evaluate(() => window.lab.client.clock().source)).toBe('device');
  const { id, durable } = await second.tab.decide('gate 1', 'approved');
  expect(durable).toBe(true);

  server = await serve();
  await network.setMode('pass');
  await second.tab.reconnect();
  await expect
    .poll(() => second.tab.settled())
    .toEqual([{ id, outcome: { status: 'accepted', duplicate: false } }]);
  expect(server.ran.map((command) => command.id)).toEqual([id]);
  server.publish('run', { type: 'node', name: 'private node', count: 2 });
  // Of a server without a memory, what it does not say is not so any more.
  await expect.poll(() => nodes(second.tab)).toEqual({ 'private node': 2 });
  await expect.poll(async () => (await status(second.tab)).state).toBe('live');
  // It has no history either.
  expect(await second.tab.errors()).toEqual([expect.stringMatching(/^events_missing/)]);
  await second.own.kill();
});

test('a reload within the gap asks for what was missed alone', async ({ network, open, serve }) => {
  const server = await serve();
  const tab = await open({ ...KEEPS, extendedLifetime: false });
  await keepTwo(server, tab);
  await tab.page.reload();
  await tab.hears('run');
  expect(await nodes(tab)).toEqual({ 'private node': 1, other: 7 });
  const asked = network.seen
    .map(({ frame }) => frame.type)
    .filter((type) => type === 'subscribe' || type === 'resync_request');
  expect(asked.at(-1)).toBe('subscribe');
});

test('signing out leaves nothing of it on the disk', async ({ open, serve }) => {
  const tab = await open(KEEPS);
  await keepTwo(await serve(), tab);
  await tab.page.evaluate(async () => void (await window.lab.client.signOut()));
  expect(await storageOf(tab.page)).not.toContain('private node');
  await expectGone(tab);
});

/** Whoever the cookie names. */
const byCookie = (_token: string | undefined, { headers }: IncomingMessage) =>
  /(?:^|; )person=(\w+)/.exec(headers.cookie ?? '')?.[1] ?? null;
const logIn = (context: BrowserContext, origin: string, person: string) =>
  context.addCookies([{ name: 'person', value: person, url: origin, sameSite: 'Strict', httpOnly: true }]);

test('another person who logs in finds nothing of it, on the page and on the disk', async ({
  context,
  network,
  open,
  serve,
  site,
}) => {
  const server = await serve({ authenticate: byCookie });
  await logIn(context, site.origin, 'ann');
  const tab = await open(KEEPS);
  await keepTwo(server, tab);
  await network.setMode('refuse');
  await tab.isOffline();
  await logIn(context, site.origin, 'bob');
  await network.setMode('pass');
  await tab.reconnect();
  await tab.is('identity_mismatch');
  await expectGone(tab);
});

test('of a topic that the server refuses nothing is left', async ({ network, open, serve }) => {
  let isAllowed = true;
  const server = await serve({ authorize: () => isAllowed });
  const tab = await open(KEEPS);
  await keepTwo(server, tab);
  await network.setMode('refuse');
  await tab.isOffline();
  isAllowed = false;
  await network.setMode('pass');
  await tab.reconnect();
  await expect.poll(async () => (await status(tab)).state).toBe('refused');
  await expectGone(tab);
});

test('a build that keeps nothing owns the same outbox after it, delivers what waits there, and leaves no state behind', async ({
  network,
  open,
  serve,
}) => {
  const server = await serve();
  const tab = await open(KEEPS);
  await keepTwo(server, tab);
  await network.setMode('refuse');
  await tab.isOffline();
  const { id } = await tab.note('waits for the other build');
  expect(await databases(tab)).toContain(DATABASE);
  await tab.page.close();

  const after = await open();
  await expect.poll(() => after.outbox()).toEqual(['note queued']);
  await network.setMode('pass');
  await after.reconnect();
  await expect.poll(() => server.ran.map((command) => command.id)).toEqual([id]);
  await expect.poll(() => databases(after)).not.toContain(DATABASE);
});
