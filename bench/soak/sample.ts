import { setTimeout as sleep } from 'node:timers/promises';
import type { Browser, Page } from 'playwright';
import { attach } from '../../test/e2e/harness/attach.ts';
import type { ServerProcess } from '../run/server-process.ts';

/** What there is at a quiet moment, with as many tabs and keys as at every other one; heaps after a collection. */
export interface Sample {
  readonly minute: number;
  readonly events: number;
  readonly workerHeapBytes: number;
  readonly pageHeapBytes: number;
  /** At the server, now and ever at the same time. */
  readonly sockets: number;
  readonly mostSockets: number;
  readonly locksHeld: number;
  readonly locksPending: number;
  /** The hub's tabs, each with its port. */
  readonly tabs: number;
  /** Of the hub: events that wait, keys that it holds. */
  readonly queued: number;
  readonly keys: number;
  readonly rows: Readonly<Record<'entries' | 'outcomes' | 'cursors' | 'meta', number>>;
}

/** The hub stores its position every half second at most, and hears of closed tabs by their locks. */
const SETTLE_MS = 1_000;
const DATABASE = 'trunkline:bench:bench';

export async function takeSample(
  browser: Browser,
  resident: Page,
  server: ServerProcess['calls'],
  since: { readonly startedAt: number; readonly events: number },
): Promise<Sample> {
  await sleep(SETTLE_MS);
  const { connections, mostConnections } = await server.usage();
  const inPage = await resident.evaluate(async (name) => {
    const { held = [], pending = [] } = await navigator.locks.query();
    const database = await new Promise<IDBDatabase>((resolve, reject) => {
      const request = indexedDB.open(name);
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(request.error);
    });
    const count = (table: string) =>
      new Promise<number>((resolve, reject) => {
        const request = database.transaction(table).objectStore(table).count();
        request.onsuccess = () => resolve(request.result);
        request.onerror = () => reject(request.error);
      });
    const rows = {
      entries: await count('entries'),
      outcomes: await count('outcomes'),
      cursors: await count('cursors'),
      meta: await count('meta'),
    };
    database.close();
    return { locksHeld: held.length, locksPending: pending.length, rows };
  }, DATABASE);
  const hub = await resident.evaluate(() => window.bench.hub());
  return {
    minute: (performance.now() - since.startedAt) / 60_000,
    events: since.events,
    workerHeapBytes: await workerHeap(browser),
    pageHeapBytes: await pageHeap(resident),
    sockets: connections,
    mostSockets: mostConnections,
    ...inPage,
    ...hub,
  };
}

async function pageHeap(page: Page): Promise<number> {
  const devtools = await page.context().newCDPSession(page);
  await devtools.send('HeapProfiler.collectGarbage');
  const { usedSize } = await devtools.send('Runtime.getHeapUsage');
  await devtools.detach();
  return usedSize;
}

async function workerHeap(browser: Browser): Promise<number> {
  const devtools = await browser.newBrowserCDPSession();
  const { targetInfos } = await devtools.send('Target.getTargets');
  const workers = targetInfos.filter(({ type }) => type === 'shared_worker');
  const [worker] = workers;
  if (!worker || workers.length > 1) throw new Error(`there are ${workers.length} shared workers, not one`);
  const send = await attach(devtools, worker.targetId);
  await send('HeapProfiler.collectGarbage');
  const { usedSize } = (await send('Runtime.getHeapUsage')) as { usedSize: number };
  await devtools.detach();
  return usedSize;
}
