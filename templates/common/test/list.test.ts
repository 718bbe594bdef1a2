/** The real client, hub and server, with a browser, a network and a clock made by hand: no port, no worker, no waiting. */
import { createTestbed } from 'trunkline/testing';
import { expect, test } from 'vitest';
import { commands } from '../server/commands.ts';
import { protocol } from '../src/protocol.ts';
import { rowsOf } from '../src/rows.ts';

type Tab = ReturnType<ReturnType<typeof newTestbed>['openTab']>;

const newTestbed = () => createTestbed(protocol, { commands });

/** What a page shows, as long as it is open. */
function show({ client }: Tab) {
  const items = client.topic('list').latest('item');
  items.subscribe(() => {});
  client.outbox.subscribe(() => {});
  return () =>
    rowsOf(items.get(), client.outbox.get()).map(
      ({ text, done, entry }) => `${done ? '[x]' : '[ ]'} ${text}: ${entry?.state ?? 'accepted'}`,
    );
}

test('what one tab adds, the other one shows, and can check', async () => {
  const bed = newTestbed();
  const one = bed.openTab();
  const two = bed.openTab();
  const rows = show(one);
  show(two);
  const { id } = await one.client.send('add', { text: '  milk ' }, { topic: 'list' });
  await bed.settle();
  await two.client.send('set_done', { id, done: true }, { topic: 'list' });
  await bed.settle();
  expect(rows()).toEqual(['[x] milk: accepted']);
  expect(bed.server.connections).toBe(1);
  expect(bed.errors).toEqual([]);
});

test('what is sent without a server is queued, survives a reload, and is accepted once', async () => {
  const bed = newTestbed();
  const tab = bed.openTab();
  show(tab);
  await bed.settle();
  await bed.server.stop();
  const receipt = await tab.client.send('add', { text: 'milk' }, { topic: 'list' });
  expect(receipt.durable).toBe(true);

  const rows = show(await tab.reload());
  await bed.settle();
  expect(rows()).toEqual(['[ ] milk: queued']);

  await bed.server.start();
  await bed.advance(30_000);
  expect(rows()).toEqual(['[ ] milk: accepted']);
  expect(bed.server.received).toHaveLength(1);
  expect(bed.errors).toEqual([]);
});

test('an item that is not there cannot be checked, and a person is told', async () => {
  const bed = newTestbed();
  const { client } = bed.openTab();
  const { outcome } = await client.send('set_done', { id: 'nowhere', done: true }, { topic: 'list' });
  await bed.settle();
  expect(await outcome).toMatchObject({ status: 'rejected', code: 'unknown_item' });
  await expect(client.send('add', { text: ' ' }, { topic: 'list' })).rejects.toThrow();
});
