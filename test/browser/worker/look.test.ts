import { openDB } from 'idb';
import { expect, test } from 'vitest';
import { IdbStore } from '../../../worker/browser/store/idb-store.ts';
import { look, storedIdentities } from '../../../worker/browser/store/look.ts';

let apps = 0;
const freshApp = () => `look-${Date.now()}-${++apps}`;
const row = (id: string) => ({
  id,
  seq: 1,
  topic: null,
  priority: 'high' as const,
  command: { type: 'decide' },
  appVersion: 1,
  dedupeKey: null,
  createdAt: 0,
  maybeSent: false,
  attempt: 0,
  firstSentAt: null,
  fate: { state: 'pending' as const },
});

test('a look at an identity without a store finds nothing, and makes none', async () => {
  const app = freshApp();
  expect(await look(app, 'ann')).toBe(null);
  expect(await storedIdentities(app)).toEqual([]);
});

test('a look reads the rows while a hub has them, takes nothing over, and is not in the way of who deletes them', async () => {
  const app = freshApp();
  const store = new IdbStore({ app, identity: 'ann:x', onLost() {} });
  const { meta } = await store.open();
  await store.commit({ ops: [{ op: 'put', table: 'entries', row: row('a') }], durability: 'strict' });
  const rows = await look(app, 'ann:x');
  expect(rows).toMatchObject({ meta: { term: meta.term, principal: null }, entries: [{ id: 'a' }] });
  await store.commit({ ops: [{ op: 'put', table: 'entries', row: row('b') }], durability: 'strict' });
  expect((await look(app, 'ann:x'))?.entries).toHaveLength(2);
  expect(await storedIdentities(app)).toEqual(['ann:x']);
  store.close();
  await new Promise((deleted, failed) => {
    const request = indexedDB.deleteDatabase(`trunkline:${app}:ann:x`);
    request.onsuccess = deleted;
    request.onerror = request.onblocked = failed;
  });
  expect(await look(app, 'ann:x')).toBe(null);
});

test('a store of a newer format is left alone', async () => {
  const app = freshApp();
  const db = await openDB(`trunkline:${app}:ann`, 99);
  db.close();
  await expect(look(app, 'ann')).rejects.toMatchObject({ failure: 'newer_format' });
});
