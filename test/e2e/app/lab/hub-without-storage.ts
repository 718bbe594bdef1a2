/**
 * The same hub where the browser has no IndexedDB, as in workers of some private windows, until a test says on the
 * channel that there is one.
 */
import './hub.ts';

const { indexedDB } = self;
const setStorage = (value: IDBFactory | undefined) =>
  Object.defineProperty(self, 'indexedDB', { value, configurable: true });
// A page is only heard when all modules have run.
setStorage(undefined);
new BroadcastChannel('lab').onmessage = ({ data }) => {
  if (data === 'give storage') setStorage(indexedDB);
};
