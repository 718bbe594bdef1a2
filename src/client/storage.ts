/** Whether the browser has lost the database that a page of this identity saw before. */
import type { StorageHealth, StorageState } from '../protocol/model.ts';
import { scopeName } from '../protocol/names.ts';
import type { AnyOutboxEntry, Batch } from '../protocol/port.ts';
import { type Report, TrunklineError } from './errors.ts';
import type { PagePlatform } from './platform.ts';
import { cell } from './readable.ts';

/** What a page remembers of the hub's database outside of it. */
interface Remembered {
  readonly database: string;
  readonly waiting: number;
}

/**
 * The browser's storage as this tab sees it. A hub that finds an empty database cannot know that there was another one:
 * the page can, since it remembers its id elsewhere.
 */
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
      const known = read(platform.recall(name));
      if (storage && known && known.database !== database) {
        lost = { waiting: known.waiting };
        show();
        report(new TrunklineError('storage_lost', lossOf(known.waiting)));
      }
      const waiting = outbox ? outbox.filter(isWaiting).length : (known?.waiting ?? 0);
      if (known?.database === database && known.waiting === waiting) return;
      platform.remember(name, JSON.stringify({ database, waiting } satisfies Remembered));
    },
    persist: () => platform.persist().then(persists),
  };
}

function read(text: string | null): Remembered | null {
  try {
    const { database, waiting } = Object(JSON.parse(text ?? 'null'));
    return typeof database === 'string' && typeof waiting === 'number' ? { database, waiting } : null;
  } catch {
    return null;
  }
}

/** Whether it is still to end. */
export const isWaiting = ({ state }: AnyOutboxEntry) => /queued|sent|waiting|withdrawing/.test(state);

const lossOf = (waiting: number) =>
  `The browser has lost the database in which the outbox lay; ${waiting} commands waited there when a page saw it last. Look at what was decided last, and call persist() so that the browser keeps it`;
