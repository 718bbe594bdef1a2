/** Which stores there are, and what one holds, for who is not to take it over. */
import { openDB } from 'idb';
import { scopeName } from '../../../src/protocol/names.ts';
import type { StoredMeta } from '../../core/store.ts';
import { StoreError } from '../../core/store.ts';
import type { Rows } from '../../shell/background-rows.ts';
import { storeError, withDeadline } from './failure.ts';
import { isEntry, isMeta } from './rows.ts';
import { FORMAT, META, type Tables } from './schema.ts';
import type { Database } from './transaction.ts';

/** Far beyond what a slow disk takes. */
const TIMEOUT_MS = 10_000;

/** Of whom there is a store of that app here. @throws StoreError */
export async function storedIdentities(app: string): Promise<string[]> {
  const prefix = scopeName(app, '');
  const databases = await withDeadline(
    indexedDB.databases(),
    TIMEOUT_MS,
    () => new StoreError('blocked', `the databases were not listed within ${TIMEOUT_MS} ms`),
  );
  return databases.flatMap(({ name = '' }) => (name.startsWith(prefix) ? [name.slice(prefix.length)] : []));
}

/**
 * The rows as they lie there; `null`: there is no store, and none is made. Neither the term nor anything else is changed.
 *
 * @throws StoreError
 */
export async function look(app: string, identity: string): Promise<Rows | null> {
  const name = scopeName(app, identity);
  let isLate = false;
  const reading = read(name, () => isLate);
  try {
    return await withDeadline(reading, TIMEOUT_MS, () => {
      isLate = true;
      return new StoreError('blocked', `${name} was not read within ${TIMEOUT_MS} ms`);
    });
  } catch (error) {
    throw storeError(error, `read ${name}`);
  }
}

async function read(name: string, isLate: () => boolean): Promise<Rows | null> {
  const db = await openIfThere(name);
  if (!db) return null;
  try {
    if (db.version > FORMAT)
      throw new StoreError(
        'newer_format',
        `${name} is of format ${db.version}, and this build reads ${FORMAT}`,
      );
    if (isLate()) throw new StoreError('blocked', `${name} was opened too late`);
    const tx = db.transaction(['meta', 'entries'], 'readonly');
    const [meta, entries] = await Promise.all([
      tx.objectStore('meta').get(META),
      tx.objectStore('entries').getAll(),
    ]);
    const known: StoredMeta | null = isMeta(meta) ? meta : null;
    // Whose it is cannot be read: that is for a page.
    return { meta: known ?? { clientId: '', term: 0, principal: null }, entries: entries.filter(isEntry) };
  } finally {
    db.close();
  }
}

/** In whatever format it is. */
async function openIfThere(name: string): Promise<Database | null> {
  let isMissing = false;
  try {
    return await openDB<Tables>(name, undefined, {
      upgrade(_db, _from, _to, tx) {
        isMissing = true;
        tx.done.catch(() => {});
        tx.abort();
      },
      // Whoever upgrades or deletes it does not wait for a look.
      blocking: (_from, _to, event) => (event.target as IDBDatabase).close(),
    });
  } catch (error) {
    if (isMissing) return null;
    throw error;
  }
}
