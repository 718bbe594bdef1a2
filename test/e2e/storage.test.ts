import type { CDPSession, Page } from '@playwright/test';
import type { Connection, StorageState } from 'trunkline';
import { killWorker } from './harness/kill.ts';
import { expect, type LabTab, test } from './harness/lab.ts';

const DATABASE = 'trunkline:lab:anonymous';
/** The store gives an opening that nobody answers some seconds; on a machine that is busy. */
const BLOCKED_TIMEOUT_MS = 45_000;
/** The browser looks at the quota anew every few seconds only. */
const PATIENT = { timeout: 60_000 };

/** What a fault is made with: a page of the same origin that has no hub, and DevTools. */
interface Hand {
  readonly page: Page;
  readonly devtools: CDPSession;
  readonly origin: string;
}
interface Fault {
  readonly what: string;
  readonly since: 'the start' | 'mid-session';
  readonly worker?: 'without storage';
  readonly reason: RegExp;
  /** Before any tab is opened; where the fault is one since the start, this is it. */
  prepare(hand: Hand): Promise<void>;
  /** In mid-session. */
  begin?(hand: Hand): Promise<void>;
  /** The gate that is decided meanwhile. @default a short name */
  readonly gateId?: string;
  /** Also again, for a worker that was started since. */
  end(hand: Hand): Promise<void>;
}

const full = {
  what: 'the quota is exceeded',
  reason: /^full: .*QuotaExceededError/,
  end: ({ devtools, origin }: Hand) => setQuota(devtools, origin),
};
const held = {
  what: 'a page holds the database and lets nobody delete it, for which every opening waits',
  end: ({ page }: Hand) => page.evaluate(() => window.held?.close()),
};
const faults: readonly Fault[] = [
  {
    what: 'there is no IndexedDB',
    since: 'the start',
    worker: 'without storage',
    reason: /^unavailable: this browser has no IndexedDB here$/,
    prepare: async () => {},
    end: ({ page }) => page.evaluate(() => new BroadcastChannel('lab').postMessage('give storage')),
  },
  { ...full, since: 'the start', prepare: ({ devtools, origin }) => setQuota(devtools, origin, 1) },
  {
    ...full,
    since: 'mid-session',
    // The browser reckons with what it knew to be free some seconds ago: it is what is stored that must grow.
    prepare: ({ devtools, origin }) => setQuota(devtools, origin, 300_000),
    gateId: 'of a long name'.padEnd(500_000, '.'),
  },
  {
    ...held,
    since: 'the start',
    reason: /^blocked: .* did not open within 10000 ms/,
    prepare: ({ page }) => page.evaluate(holdDatabase, DATABASE),
  },
  {
    ...held,
    since: 'mid-session',
    reason: /^(failed: .* somebody deletes it|blocked: .* did not open within 10000 ms)/,
    prepare: async () => {},
    begin: ({ page }) => page.evaluate(holdDatabase, DATABASE),
  },
];

for (const fault of faults) {
  const { what, since, worker = 'shared', reason, prepare, begin, end, gateId = 'meanwhile' } = fault;
  test(`since ${since}, ${what}: a decision is in memory, every tab says so, and it is stored when storage is back`, async ({
    browser,
    context,
    network,
    open,
    serve,
    site,
  }) => {
    const server = await serve();
    const page = await context.newPage();
    await page.goto(`${site.origin}/away.html`);
    const hand: Hand = { page, devtools: await context.newCDPSession(page), origin: site.origin };
    await prepare(hand);
    const tabs = [await open({ worker }), await open({ worker })] as const;
    for (const tab of tabs) await tab.is('open', BLOCKED_TIMEOUT_MS);
    await network.setMode('refuse');
    for (const tab of tabs) await tab.isOffline();
    const sent: string[] = [];
    const decide = async (tab: LabTab, gateId: string) => {
      const { id, durable } = await decided(tab, gateId);
      sent.push(id);
      return durable;
    };
    if (since === 'mid-session') {
      expect(await decide(tabs[0], 'before')).toBe(true);
      await begin?.(hand);
    }

    expect(await decide(tabs[0], gateId)).toBe(false);

    for (const tab of tabs) {
      const degraded = { state: 'degraded', reason: expect.stringMatching(reason) };
      await expect.poll(() => storage(tab)).toMatchObject(degraded);
      expect((await tab.inspect()).storage).toEqual(degraded);
      await expect.poll(() => tab.outbox()).toEqual(sent.map(() => 'decide queued'));
      expect(await refusal(tab, 'not at all')).toBe('storage_unavailable');
    }

    await end(hand);
    for (const tab of tabs) {
      await expect.poll(() => storage(tab), PATIENT).toMatchObject({ state: 'ok' });
      expect((await tab.inspect()).storage).toEqual({ state: 'ok' });
    }
    // One of the tabs, and once.
    const told = (await Promise.all(tabs.map((tab) => tab.errors()))).flat();
    expect(told).toEqual([expect.stringMatching(/^storage_unavailable: .* commands are held in memory$/)]);
    expect(await stored(tabs[0])).toEqual([...sent].sort());
    expect(await decide(tabs[1], 'afterwards')).toBe(true);

    await killWorker(browser, site.origin);
    await network.setMode('pass');
    for (const tab of tabs) await tab.is('open');
    await expect
      .poll(async () => {
        await end(hand);
        return server.ran.map(({ id }) => id);
      })
      .toEqual(sent);
    for (const tab of tabs) await expect.poll(() => tab.outbox()).toEqual([]);
    expect(server.ran.map(({ id }) => id)).toEqual(sent);
  });
}

const losses: readonly { what: string; lose(hand: Hand): Promise<unknown> }[] = [
  {
    what: 'the database is deleted under the hub',
    lose: ({ page }) =>
      page.evaluate(
        (name) =>
          new Promise<void>((resolve, reject) => {
            const request = indexedDB.deleteDatabase(name);
            request.onsuccess = () => resolve();
            request.onerror = () => reject(request.error);
          }),
        DATABASE,
      ),
  },
  {
    what: "a person clears the site's data, which closes the database",
    lose: ({ devtools, origin }) =>
      devtools.send('Storage.clearDataForOrigin', { origin, storageTypes: 'indexeddb' }),
  },
];

for (const { what, lose } of losses) {
  test(`${what}: what was stored is stored again, though nothing was to be written`, async ({
    browser,
    context,
    network,
    open,
    serve,
    site,
  }) => {
    const server = await serve();
    const page = await context.newPage();
    await page.goto(`${site.origin}/away.html`);
    const tabs = [await open(), await open()] as const;
    for (const tab of tabs) await tab.is('open');
    await server.publish('run', { type: 'line', text: 'seen' });
    await expect.poll(() => tabs[0].stored('cursors')).toMatchObject([{ topic: 'run', offset: 1 }]);
    await network.setMode('refuse');
    await tabs[0].isOffline();
    const { id, durable } = await decided(tabs[0], 'a');
    expect(durable).toBe(true);
    for (const tab of tabs) await tab.page.evaluate(watchStorage);

    await lose({ page, devtools: await context.newCDPSession(page), origin: site.origin });

    for (const tab of tabs) {
      await expect
        .poll(() => tab.page.evaluate(() => window.storageSeen))
        .toMatchObject([
          { state: 'ok', lost: null },
          { state: 'degraded', reason: expect.stringMatching(/^failed: trunkline:lab:anonymous was lost: /) },
          { state: 'ok', lost: null },
        ]);
      expect((await tab.inspect()).storage).toEqual({ state: 'ok' });
    }
    expect(await stored(tabs[0])).toEqual([id]);
    expect(await tabs[0].stored('cursors')).toMatchObject([{ topic: 'run', offset: 1 }]);

    await killWorker(browser, site.origin);
    await network.setMode('pass');
    for (const tab of tabs) {
      await expect.poll(() => tab.settled()).toMatchObject([{ id, outcome: { status: 'accepted' } }]);
      expect(await tab.outbox()).toEqual([]);
    }
    expect(server.ran.map((ran) => ran.id)).toEqual([id]);
  });
}

test('without any storage everything else works: a decision goes, and is accepted, once', async ({
  open,
  serve,
}) => {
  const server = await serve();
  const tabs = [
    await open({ worker: 'without storage' }),
    await open({ worker: 'without storage' }),
  ] as const;
  for (const tab of tabs) await tab.is('open');
  const { id } = await decided(tabs[0], 'a');
  for (const tab of tabs) {
    await expect.poll(() => tab.settled()).toMatchObject([{ id, outcome: { status: 'accepted' } }]);
    await expect
      .poll(async () => (await tab.heard()).map(({ event }) => event))
      .toMatchObject([{ gateId: 'a' }]);
  }
  expect(server.ran.map((ran) => ran.id)).toEqual([id]);
});

test('rows of an older version are upgraded, or quarantined, and corrupt ones are left alone: all of them are seen', async ({
  browser,
  network,
  open,
  serve,
  site,
}) => {
  const server = await serve();
  const tabs = [await open(), await open()] as const;
  for (const tab of tabs) await tab.is('open');
  await network.setMode('refuse');
  await tabs[0].isOffline();
  const { id: today } = await tabs[0].note('of today');
  const [row] = await tabs[0].stored('entries');
  const older = { ...row, appVersion: 1 };
  const upgradable = crypto.randomUUID();
  const beyond = crypto.randomUUID();
  const corrupt = { id: 'corrupt', seq: 'two', command: null };
  await tabs[0].store('entries', {
    ...older,
    id: upgradable,
    seq: 2,
    command: { type: 'note', words: 'of yore' },
  });
  await tabs[0].store('entries', { ...older, id: beyond, seq: 3, command: { type: 'note', scrawl: '?' } });
  await tabs[0].store('entries', corrupt);
  await tabs[0].store('outcomes', { id: 'corrupt', outcome: 'who knows' });
  await tabs[0].store('cursors', { topic: 'corrupt', offset: -0.5 });

  await killWorker(browser, site.origin);

  for (const tab of tabs) {
    await expect.poll(() => tab.outbox()).toEqual(['note queued', 'note queued', 'note quarantined']);
    const { storage: state, unreadableRows } = await tab.inspect();
    expect({ state, unreadableRows }).toEqual({ state: { state: 'ok' }, unreadableRows: 3 });
  }
  const told = (await Promise.all(tabs.map((tab) => tab.errors()))).flat();
  expect(told.filter((error) => error.startsWith('storage_unavailable'))).toEqual(
    ['entries', 'outcomes', 'cursors'].map((table) => expect.stringContaining(`row of ${table} (corrupt)`)),
  );
  await network.setMode('pass');
  for (const tab of tabs)
    await expect
      .poll(async () => (await tab.settled()).map(({ id, outcome }) => ({ id, status: outcome.status })))
      .toEqual([
        { id: today, status: 'accepted' },
        { id: upgradable, status: 'accepted' },
      ]);
  expect(server.ran.map(({ what }) => what)).toEqual(['note of today', 'note of yore']);
  // What nobody could read is still there for a build that can.
  const left = await tabs[0].stored('entries');
  expect(left).toContainEqual(corrupt);
  expect(left).toContainEqual(
    expect.objectContaining({ id: beyond, command: { type: 'note', scrawl: '?' }, appVersion: 1 }),
  );
});

test('a newer build makes the database its own: this hub owns no more, and every tab is told to reload', async ({
  context,
  open,
  serve,
  site,
}) => {
  await serve();
  const tabs = [await open(), await open()] as const;
  for (const tab of tabs) {
    await tab.is('open');
    await tab.page.evaluate(() => {
      const seen: Connection[] = [];
      window.connectionSeen = seen;
      window.lab.client.connection.subscribe((connection) => seen.push(connection));
    });
  }
  const page = await context.newPage();
  await page.goto(`${site.origin}/away.html`);

  await page.evaluate(
    (name) =>
      new Promise<void>((resolve, reject) => {
        const request = indexedDB.open(name, 1_000);
        request.onsuccess = () => resolve(request.result.close());
        request.onerror = () => reject(request.error);
      }),
    DATABASE,
  );

  for (const tab of tabs) {
    await expect
      .poll(() => tab.page.evaluate(() => window.connectionSeen))
      .toContainEqual(
        expect.objectContaining({
          reason: 'superseded',
          detail: { message: expect.stringMatching(/^a newer build .* reload to continue$/) },
          retryAt: null,
        }),
      );
    await tab.is('superseded');
  }
});

declare global {
  interface Window {
    /** The database that a page holds, and does not let go. */
    held?: IDBDatabase;
    storageSeen: StorageState[];
    connectionSeen: Connection[];
  }
}

/**
 * Runs in the page. A hub's own connections make way, whatever their format: it takes a page that does not. And while a
 * deletion waits for that one, every opening waits for the deletion.
 */
async function holdDatabase(name: string): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const request = indexedDB.open(name);
    request.onsuccess = () => {
      window.held = request.result;
      resolve();
    };
    request.onerror = () => reject(request.error);
  });
  indexedDB.deleteDatabase(name);
}

/** Runs in the page. */
function watchStorage(): void {
  const seen: StorageState[] = [];
  window.storageSeen = seen;
  window.lab.client.outbox.storage.subscribe((state) => seen.push(state));
}

/** @param bytes left out: as much as the browser gives. */
async function setQuota(devtools: CDPSession, origin: string, bytes?: number): Promise<void> {
  await devtools.send('Storage.overrideQuotaForOrigin', {
    origin,
    ...(bytes !== undefined && { quotaSize: bytes }),
  });
}

function storage({ page }: LabTab): Promise<StorageState> {
  return page.evaluate(() => window.lab.client.outbox.storage.get());
}

/** The ids of the outbox's rows on the disk. */
async function stored(tab: LabTab): Promise<unknown[]> {
  return (await tab.stored('entries')).map(({ id }) => id);
}

function decided({ page }: LabTab, gateId: string): Promise<{ id: string; durable: boolean }> {
  return page.evaluate(async (of) => {
    const decision = { gateId: of, verdict: 'approved' } as const;
    const { id, durable } = await window.lab.client.send('decide', decision, { topic: 'run' });
    return { id, durable };
  }, gateId);
}

/** Why a decision that must be durable is not taken. */
function refusal({ page }: LabTab, gateId: string): Promise<string> {
  return page.evaluate(
    (of) =>
      window.lab.client
        .send('decide', { gateId: of, verdict: 'approved' }, { topic: 'run', requireDurable: true })
        .then(
          () => 'taken',
          (error) => error.code,
        ),
    gateId,
  );
}
