import type { IncomingMessage } from 'node:http';
import type { BrowserContext } from '@playwright/test';
import { expect, test } from './harness/lab.ts';

/** Whoever the cookie names. */
const byCookie = (_token: string | undefined, { headers }: IncomingMessage) =>
  /(?:^|; )person=(\w+)/.exec(headers.cookie ?? '')?.[1] ?? null;
/** Tokens are `token-of-<name>`. */
const byToken = (token: string | undefined) => /^token-of-(\w+)$/.exec(token ?? '')?.[1] ?? null;
const logIn = (context: BrowserContext, origin: string, person: string) =>
  context.addCookies([{ name: 'person', value: person, url: origin, sameSite: 'Strict', httpOnly: true }]);

for (const memory of ['remembers its clients', 'was started anew'] as const) {
  test(`another person logs in by cookie while commands wait, and the server ${memory}: they are held, and go once, as the first one’s`, async ({
    context,
    network,
    open,
    serve,
    site,
  }) => {
    let server = await serve({ authenticate: byCookie });
    const restart = async () => {
      await server.crash();
      server = await serve({ authenticate: byCookie });
    };
    await logIn(context, site.origin, 'ann');
    const tabs = [await open(), await open()] as const;
    for (const tab of tabs) await tab.is('open');
    await network.setMode('refuse');
    for (const tab of tabs) await tab.isOffline();
    const { id } = await tabs[0].note('by ann');

    await logIn(context, site.origin, 'bob');
    if (memory === 'was started anew') await restart();
    await network.setMode('pass');
    await tabs[0].reconnect();

    for (const tab of tabs) {
      await tab.is('identity_mismatch');
      expect(await tab.connection()).toMatchObject({ retryAt: null });
      expect(await tab.outbox()).toEqual(['note queued']);
    }
    await tabs[1].page.reload();
    await expect.poll(() => tabs[1].outbox()).toEqual(['note queued']);
    await tabs[1].is('identity_mismatch');
    expect(server.ran).toEqual([]);
    expect(network.seen.filter(({ frame }) => frame.type === 'command')).toEqual([]);

    await logIn(context, site.origin, 'ann');
    // It has taken the browser for Bob's meanwhile, and would go on so.
    if (memory === 'was started anew') await restart();
    await tabs[1].reconnect();

    for (const tab of tabs) {
      await tab.is('open');
      await expect
        .poll(() => tab.settled())
        .toEqual([{ id, outcome: { status: 'accepted', duplicate: false } }]);
      expect(await tab.outbox()).toEqual([]);
    }
    expect(server.ran).toEqual([{ id, what: 'note by ann', principal: 'ann' }]);
  });
}

test('a token that ran out is replaced by the page, once, and nobody notices', async ({
  network,
  open,
  serve,
}) => {
  let accepted = 'token-of-ann';
  const server = await serve({ authenticate: (token) => (token === accepted ? 'ann' : null) });
  const tab = await open({ identity: 'ann', token: 'token-of-ann' });
  await tab.is('open');
  accepted = 'fresh';
  // The page has the old one at hand when it is asked first, and then a new one.
  await tab.page.evaluate(() => {
    const tokens = ['token-of-ann', 'fresh'];
    Object.defineProperty(window.lab, 'token', { get: () => tokens.shift() ?? 'fresh' });
  });

  network.cut();

  await expect.poll(() => server.authenticated).toEqual(['token-of-ann', 'token-of-ann', 'fresh']);
  await tab.is('open');
  const { id } = await tab.note('by ann');
  await expect
    .poll(() => tab.settled())
    .toEqual([{ id, outcome: expect.objectContaining({ status: 'accepted' }) }]);
});

test('a refused token is asked for once more, then the hub waits for a person, with the outbox as it was', async ({
  network,
  open,
  serve,
}) => {
  const server = await serve({ authenticate: byToken });
  const tabs = [
    await open({ identity: 'ann', token: 'token-of-ann' }),
    await open({ identity: 'ann', token: 'token-of-ann' }),
  ] as const;
  for (const tab of tabs) await tab.is('open');
  await network.setMode('refuse');
  for (const tab of tabs) await tab.isOffline();
  const { id } = await tabs[0].note('waits for a token');
  for (const { page } of tabs) {
    await page.evaluate(() => {
      window.lab.token = 'ran out';
      window.lab.tokensAsked = 0;
    });
  }
  await network.setMode('pass');
  await tabs[0].reconnect();

  for (const tab of tabs) {
    await tab.is('unauthorized');
    await expect.poll(() => tab.connection()).toMatchObject({ retryAt: null });
    expect(await tab.outbox()).toEqual(['note queued']);
  }
  const asked = server.authenticated.length;
  expect(server.authenticated.slice(1)).toEqual(['ran out', 'ran out']);
  // Longer than many of the lab's waits before a retry.
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  expect(server.authenticated).toHaveLength(asked);

  for (const { page } of tabs) {
    await page.evaluate(() => {
      window.lab.token = 'token-of-ann';
    });
  }
  await tabs[1].reconnect();

  for (const tab of tabs) {
    await tab.is('open');
    await expect
      .poll(() => tab.settled())
      .toEqual([{ id, outcome: { status: 'accepted', duplicate: false } }]);
  }
  expect(server.ran).toEqual([{ id, what: 'note waits for a token', principal: 'ann' }]);
});

test('another person in the same browser neither sees nor sends what the first one left', async ({
  network,
  open,
  serve,
}) => {
  const server = await serve({ authenticate: byToken });
  const ann = await open({ identity: 'ann', token: 'token-of-ann' });
  await ann.is('open');
  await network.setMode('refuse');
  await ann.isOffline();
  await ann.note('by ann');
  await ann.page.close();
  await network.setMode('pass');

  const bob = await open({ identity: 'bob', token: 'token-of-bob' });
  await bob.is('open');
  await bob.note('by bob');
  await expect.poll(() => bob.settled()).toHaveLength(1);
  expect(await bob.outbox()).toEqual([]);

  const again = await open({ identity: 'ann', token: 'token-of-ann' });
  await expect.poll(() => server.ran.filter(({ principal }) => principal === 'ann')).toHaveLength(1);
  await again.is('open');
  expect(server.ran.map(({ what, principal }) => [what, principal]).sort()).toEqual([
    ['note by ann', 'ann'],
    ['note by bob', 'bob'],
  ]);
  expect(await bob.settled()).toHaveLength(1);
});

for (const discard of [false, true]) {
  test(`signing out ends the clients of all tabs and of that person alone, and ${discard ? 'empties' : 'keeps'} the outbox`, async ({
    network,
    open,
    serve,
  }) => {
    const server = await serve({ authenticate: byToken });
    const tabs = [
      await open({ identity: 'ann', token: 'token-of-ann' }),
      await open({ identity: 'ann', token: 'token-of-ann' }),
    ] as const;
    const bob = await open({ identity: 'bob', token: 'token-of-bob' });
    for (const tab of [...tabs, bob]) await tab.is('open');
    await network.setMode('refuse');
    for (const tab of [...tabs, bob]) await tab.isOffline();
    const { id } = await tabs[0].note('by ann');

    const left = await tabs[1].page.evaluate(
      async (value) => (await window.lab.client.signOut({ discard: value })).map((entry) => entry.id),
      discard,
    );

    expect(left).toEqual([id]);
    for (const tab of tabs) {
      await tab.is('signed_out');
      const refusal = tab.page.evaluate(() =>
        window.lab.client.send('note', { text: 'too late' }).then(
          () => 'sent',
          (error) => error.code,
        ),
      );
      expect(await refusal).toBe('closed');
    }
    await network.setMode('pass');
    await bob.reconnect();
    await bob.is('open');
    expect(server.ran).toEqual([]);

    for (const tab of tabs) await tab.page.reload();

    for (const tab of tabs) await tab.is('open');
    if (discard) {
      await tabs[0].note('afterwards');
      for (const tab of tabs) await expect.poll(() => tab.settled()).toHaveLength(1);
    } else await expect.poll(() => server.ran).toHaveLength(1);
    expect(server.ran.map(({ what }) => what)).toEqual([discard ? 'note afterwards' : 'note by ann']);
  });
}
