/** Whether the browser has lost the database that a page of this identity saw before. */
import { isWaiting } from '../protocol/is-waiting.ts';
import type { Batch } from '../protocol/port.ts';
import type { PagePlatform } from './platform.ts';

/** What a page remembers of the hub's database outside of it. */
interface Remembered {
  readonly database: string;
  readonly waiting: number;
}

/**
 * A hub that finds an empty database cannot know that there was another one: the page can, since it remembers its id
 * elsewhere. To be called with the hub's database whenever its storage or outbox is told.
 *
 * @param name by which this identity's is remembered
 * @param lost is told how many commands waited in one that is gone
 */
export function lookForLoss(
  platform: PagePlatform,
  name: string,
  database: string,
  storage: Batch['storage'],
  outbox: Batch['outbox'],
  lost: (waiting: number) => void,
): void {
  const known = read(platform.recall(name));
  if (storage && known && known.database !== database) lost(known.waiting);
  const waiting = outbox ? outbox.filter(isWaiting).length : (known?.waiting ?? 0);
  if (known?.database === database && known.waiting === waiting) return;
  platform.remember(name, JSON.stringify({ database, waiting } satisfies Remembered));
}

function read(text: string | null): Remembered | null {
  try {
    const { database, waiting } = Object(JSON.parse(text ?? 'null'));
    return typeof database === 'string' && typeof waiting === 'number' ? { database, waiting } : null;
  } catch {
    return null;
  }
}

/** What its person is told. */
export const lossOf = (waiting: number) =>
  `The browser has lost the outbox, in which ${waiting} commands waited. Look at what was decided last, and call persist()`;
