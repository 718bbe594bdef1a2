import { expect, test } from './harness/fixtures.ts';
import { storageOf } from './harness/storage-of.ts';

const TOKEN = 'token-of-ann';

test('a token travels in the first frame, and is found in no URL, no storage and no console', async ({
  context,
  open,
  network,
  site,
}) => {
  const tab = await open({ identity: 'ann', token: TOKEN });
  await tab.shows('connection', 'open');
  await network.setMode('refuse');
  await tab.isOffline();
  await tab.sendNote('kept for later');
  await tab.lists('outbox', ['note queued']);

  const stored = await storageOf(tab.page);
  expect(stored).toContain('kept for later');
  expect(stored).not.toContain(TOKEN);
  expect(await context.cookies()).toEqual([]);
  expect(network.seen[0]?.frame).toMatchObject({ type: 'hello', token: TOKEN });
  expect(network.heads.length).toBeGreaterThan(0);
  expect([...network.heads, ...site.requested].join('\n')).not.toContain(TOKEN);
  expect(tab.console.length).toBeGreaterThan(0);
  expect(tab.console.join('\n')).not.toContain(TOKEN);
});

test('after signing out, the application can delete all that this browser keeps of a person', async ({
  open,
  network,
}) => {
  const tabs = [
    await open({ identity: 'ann', token: TOKEN }),
    await open({ identity: 'ann', token: TOKEN }),
  ] as const;
  for (const tab of tabs) await tab.shows('connection', 'open');
  await network.setMode('refuse');
  await tabs[0].isOffline();
  await tabs[0].sendNote('nobody else’s business');
  await tabs[0].lists('outbox', ['note queued']);

  const left = await tabs[0].page.evaluate(async () => {
    const { client } = window.gates;
    const { app, identity } = await client.inspect();
    await client.signOut({ discard: true });
    await new Promise<void>((resolve, reject) => {
      const deletion = indexedDB.deleteDatabase(`trunkline:${app}:${identity}`);
      deletion.onsuccess = () => resolve();
      deletion.onblocked = () => reject(new Error('something still holds the database'));
    });
    return (await indexedDB.databases()).map(({ name }) => name);
  });

  expect(left).toEqual([]);
  const again = await open({ identity: 'ann', token: TOKEN });
  const inspect = () => again.page.evaluate(() => window.gates.client.inspect());
  await expect.poll(async () => (await inspect()).role.state).toBe('owner');
  expect((await inspect()).outbox.entries).toBe(0);
});
