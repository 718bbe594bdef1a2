/** What this tab shows of the browser's storage: whether it works, whether the browser keeps it, and what it has lost. */
import type { StorageHealth, StorageState } from '../protocol/model.ts';
import { scopeName } from '../protocol/names.ts';
import type { Batch } from '../protocol/port.ts';
import { type Report, TrunklineError } from './errors.ts';
import { lookForLoss, lossOf } from './lost-database.ts';
import type { PagePlatform } from './platform.ts';
import { cell } from './readable.ts';

export function createStorage(
  platform: PagePlatform,
  app: string,
  identity: string,
  start: () => void,
  report: Report,
) {
  const name = `${scopeName(app, identity)}:database`;
  const state = cell<StorageState>({ state: 'ok', persistent: null, lost: null }, report, start);
  let health: StorageHealth = { state: 'ok' };
  let persistent: boolean | null = null;
  let lost: StorageState['lost'] = null;
  let isAsked = false;
  let database: string | undefined;

  const show = () => state.set({ ...health, persistent, lost });
  const persists = (answer: boolean) => {
    persistent = answer;
    show();
    return answer;
  };

  return {
    state,
    receive({ storage, outbox }: Batch) {
      if (storage) {
        const { database: found, ...rest } = storage;
        health = rest;
        database = found;
        show();
      }
      // Nobody waits for it: a browser may never answer.
      if (!isAsked) platform.isPersistent().then(persists, () => {});
      isAsked = true;
      if (database === undefined || !(storage || outbox)) return;
      lookForLoss(platform, name, database, storage, outbox, (waiting) => {
        lost = { waiting };
        show();
        report(new TrunklineError('storage_lost', lossOf(waiting)));
      });
    },
    persist: () => platform.persist().then(persists),
  };
}
