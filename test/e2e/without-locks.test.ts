/** Pages to which the browser grants no Web Locks: of plain http:, and where site data is blocked. Each has a hub of its own. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BrowserContext, chromium } from '@playwright/test';
import { CHROMIUM_ARGS, chromiumLaunch } from '../../scripts/chromium.ts';
import type { LabConfig } from './app/lab/main.ts';
import { test as base, expect, type LabTab, openLab } from './harness/lab.ts';
import { labConfig } from './harness/lab-page.ts';

interface Place {
  /** In place of the site's own host. */
  readonly host: string;
  readonly preferences: object;
  readonly grants: object;
}
/** Only a name that is not the machine's own makes plain http: insecure. */
const LAN = 'lan.test';
const PLACES: Readonly<Record<string, Place>> = {
  'of plain http:': {
    host: LAN,
    preferences: {},
    grants: { lock: 'TypeError', localStorage: true, isSecure: false },
  },
  'whose site data a person has blocked': {
    host: '127.0.0.1',
    preferences: { profile: { default_content_setting_values: { cookies: 2 } } },
    grants: { lock: 'SecurityError', localStorage: 'SecurityError', isSecure: true },
  },
};

const test = base.extend<{ place: Place; origin: string; context: BrowserContext }>({
  place: { host: LAN, preferences: {}, grants: {} },
  origin: async ({ place, site }, use) => {
    await use(site.origin.replace('127.0.0.1', place.host));
  },
  context: async ({ place }, use) => {
    const profile = mkdtempSync(join(tmpdir(), 'trunkline-without-locks-'));
    mkdirSync(join(profile, 'Default'));
    writeFileSync(join(profile, 'Default', 'Preferences'), JSON.stringify(place.preferences));
    const context = await chromium.launchPersistentContext(profile, {
      ...chromiumLaunch(),
      args: [...CHROMIUM_ARGS, `--host-resolver-rules=MAP ${LAN} 127.0.0.1`],
    });
    await use(context);
    await context.close();
    rmSync(profile, { recursive: true, force: true });
  },
});

/** What the browser grants a page: the first two make the place what it is here for. */
const granted = (tab: LabTab) =>
  tab.page.evaluate(async () => {
    const storage = () => localStorage.length >= 0;
    const refusal = (why: unknown) => (why instanceof Error ? why.name : String(why));
    return {
      lock: await Promise.resolve()
        .then(() => navigator.locks.request('any', () => 'granted'))
        .catch(refusal),
      localStorage: await Promise.resolve().then(storage).catch(refusal),
      isSecure: isSecureContext,
    };
  });

const lines = async (tab: LabTab) =>
  (await tab.heard()).flatMap(({ event }) => (event.type === 'line' ? [event.text] : []));

for (const [what, place] of Object.entries(PLACES))
  for (const worker of [
    'shared',
    'dedicated',
    'that keeps',
  ] as const satisfies readonly LabConfig['worker'][])
    test.describe(`on pages ${what}, with a worker that is ${worker}`, () => {
      test.use({ place });

      test('every tab reads by a connection of its own, and says what is missing and what it costs', async ({
        context,
        origin,
        serve,
        socketPort,
      }) => {
        const server = await serve({ allowedOrigins: [origin] });
        const open = () => openLab(context, origin, labConfig(socketPort(), { worker }));
        const tabs = [await open(), await open()] as const;
        for (const tab of tabs) await tab.is('open');
        expect(await granted(tabs[0])).toEqual(place.grants);
        expect(server.stats().connections).toBe(2);

        for (const tab of tabs) await tab.hears('run');
        await server.publish('run', { type: 'line', text: 'to everybody' });
        for (const tab of tabs) await expect.poll(() => lines(tab)).toEqual(['to everybody']);

        for (const tab of tabs) {
          const { storage, connection, role, tabs: attached } = await tab.inspect();
          const lack = expect.stringMatching(/no Web Locks.*https:.*a connection of its own/);
          expect(storage).toEqual({ state: 'degraded', reason: lack });
          expect(connection).toMatchObject({ state: 'open', detail: { message: lack } });
          expect(await tab.connection()).toMatchObject({ state: 'open', detail: { message: lack } });
          expect(role).toEqual({ state: 'owner', term: 0 });
          expect(attached).toHaveLength(1);
          expect(await tab.errors()).toEqual([expect.stringMatching(/^storage_unavailable: .*no Web Locks/)]);
        }
        await expect.poll(() => server.stats()).toMatchObject({ connections: 2, socketsOpened: 2 });
      });

      test('what a tab sends is in memory alone, or is refused where it must not be', async ({
        context,
        origin,
        network,
        serve,
        socketPort,
      }) => {
        const server = await serve({ allowedOrigins: [origin] });
        const tab = await openLab(context, origin, labConfig(socketPort(), { worker }));
        await tab.is('open');
        await network.setMode('refuse');
        await tab.isOffline();

        expect(await tab.decide('a', 'approved')).toMatchObject({ durable: false });
        expect(
          await tab.page.evaluate(() =>
            window.lab.client
              .send('note', { text: 'kept?' }, { topic: 'run', requireDurable: true })
              .catch(({ code }) => code),
          ),
        ).toBe('storage_unavailable');

        await network.setMode('pass');
        await expect.poll(() => server.ran.map(({ what }) => what)).toEqual(['decide a approved']);
        await expect.poll(() => tab.settled()).toMatchObject([{ outcome: { status: 'accepted' } }]);
      });
    });

test.describe('a page of plain http:', () => {
  test.use({ place: { host: LAN, preferences: {}, grants: {} } });

  test('reads on after a reload, and lets go of its connection when it is left', async ({
    context,
    origin,
    serve,
    socketPort,
  }) => {
    const server = await serve({ allowedOrigins: [origin] });
    await server.publish('run', { type: 'gate', gateId: 'a', state: 'open' });
    const tab = await openLab(context, origin, labConfig(socketPort(), { worker: 'shared' }));
    await tab.is('open');
    await tab.page.reload();
    await tab.is('open');
    await expect.poll(() => tab.known()).toContain('a open');
    await expect.poll(() => server.stats().connections).toBe(1);
    await tab.page.goto(`${origin}/away.html`);
    await expect.poll(() => server.stats().connections).toBe(0);
  });
});
