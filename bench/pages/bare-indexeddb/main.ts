import { makeCommand } from '../../shared/events.ts';
import { start } from '../common/start.ts';

const opened = new Promise<IDBDatabase>((resolve, reject) => {
  const request = indexedDB.open('bare', 1);
  request.onupgradeneeded = () => request.result.createObjectStore('rows', { keyPath: 'id' });
  request.onsuccess = () => resolve(request.result);
  request.onerror = () => reject(request.error);
});

async function transact(
  durability: IDBTransactionDurability,
  work: (rows: IDBObjectStore) => void,
): Promise<void> {
  const database = await opened;
  const transaction = database.transaction('rows', 'readwrite', { durability });
  work(transaction.objectStore('rows'));
  await new Promise((complete, failed) => {
    transaction.oncomplete = complete;
    transaction.onabort = () => failed(transaction.error);
  });
}

start({
  connect: async () => {},
  isOpen: () => false,
  commands: {
    queue: (count, durability) =>
      transact(durability, (rows) => {
        for (let n = 1; n <= count; n++) rows.put(makeCommand(n));
      }),
    clear: () => transact('relaxed', (rows) => rows.clear()),
  },
});
