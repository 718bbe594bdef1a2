import type { Commands, Durability } from '../../shared/contract.ts';
import { makeCommand } from '../../shared/events.ts';

/** Commands in a database, and nothing else: one transaction each time. */
export function openRows(): Commands {
  const opened = new Promise<IDBDatabase>((resolve, reject) => {
    const request = indexedDB.open('bare', 1);
    request.onupgradeneeded = () => request.result.createObjectStore('rows', { keyPath: 'id' });
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
  const transact = async (durability: Durability, work: (rows: IDBObjectStore) => void): Promise<void> => {
    const database = await opened;
    const transaction = database.transaction('rows', 'readwrite', { durability });
    work(transaction.objectStore('rows'));
    await new Promise((complete, failed) => {
      transaction.oncomplete = complete;
      transaction.onabort = () => failed(transaction.error);
    });
  };
  return {
    queue: (count, durability) =>
      transact(durability, (rows) => {
        for (let n = 1; n <= count; n++) rows.put(makeCommand(n));
      }),
    clear: () => transact('relaxed', (rows) => rows.clear()),
  };
}
