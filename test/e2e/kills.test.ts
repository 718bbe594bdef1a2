import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Browser, type BrowserContext, chromium } from '@playwright/test';
import { expect, test } from './harness/fixtures.ts';
import { killBrowser } from './harness/kill.ts';
import { openTab } from './harness/tab.ts';

test('the renderer that holds the worker crashes: the other tab starts another worker and goes on', async ({
  open,
  network,
  server,
}) => {
  const first = await open();
  await first.shows('connection', 'open');
  const second = await open();
  await second.hears();

  // It never answers.
  first.page.goto('chrome://crash').catch(() => {});
  await first.page.waitForEvent('crash');
  await server.publish('run', { type: 'line', text: 'after the crash' });
  await second.sendNote('from the one that is left');

  await second.lists('lines', ['after the crash', 'note: from the one that is left']);
  await second.lists('settled', [/ accepted$/]);
  await expect.poll(() => network.connections).toBe(1);
});

test('the whole browser is killed while a decision waits: the next start sends it, once', async ({
  launchOptions,
  network,
  server,
  site,
}) => {
  const profile = await mkdtemp(join(tmpdir(), 'trunkline-profile-'));
  const config = { url: `ws://127.0.0.1:${network.port}/live`, identity: 'anonymous', token: null };
  const start = () => chromium.launchPersistentContext(profile, launchOptions);
  let context: BrowserContext = await start();
  try {
    const before = await openTab(context, site.origin, config);
    await server.publish('run', { type: 'gate', gateId: 'a', state: 'open' });
    await before.lists('gates', [/gate a open/]);
    await network.setMode('refuse');
    await before.isOffline();
    // The promise begins when `send` has resolved, not when the entry is on the screen.
    const durable = await before.page.evaluate(async () => {
      const decision = { gateId: 'a', verdict: 'approved' } as const;
      return (await window.gates.client.send('human_decision', decision, { topic: 'run' })).durable;
    });
    expect(durable).toBe(true);
    await before.lists('outbox', ['human_decision queued']);

    await killBrowser(browserOf(context));
    context = await start();
    await network.setMode('pass');
    const after = await openTab(context, site.origin, config);

    await after.lists('settled', [/ accepted$/]);
    await after.lists('gates', [/gate a approved/]);
    expect(server.ran.map(({ what }) => what)).toEqual(['human_decision a approved']);
  } finally {
    await context.close();
    await rm(profile, { recursive: true, force: true, maxRetries: 5 });
  }
});

function browserOf(context: BrowserContext): Browser {
  const browser = context.browser();
  if (!browser) throw new Error('the context has no browser');
  return browser;
}
