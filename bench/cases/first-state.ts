import { setTimeout as sleep } from 'node:timers/promises';
import { askTab, type Case, countStale, FLAWLESS } from '../run/scene.ts';

/** Beyond the 5 s after which it is written. */
const KEPT_WITHIN_MS = 30_000;
/** Until what is on its way to the disk is there, and the worker has ended. */
const SETTLE_MS = 3_000;

/** A page that is opened with a line, and the same in a browser that was started without. */
export function firstState(keys: number): Case {
  return {
    name: `first-state-${keys}`,
    title: `A first tab on a topic of ${keys.toLocaleString('en')} keys, with a line and without`,
    figures: [
      { name: 'online', title: 'from subscribing to the state, of the server', unit: 'ms', better: 'lower' },
      { name: 'offline', title: 'the same, of the device', unit: 'ms', better: 'lower' },
    ],
    async run({ server, openTab, url }) {
      const show = async () => {
        const tab = await openTab();
        const ms = await askTab(tab, (bench, { to, count }) => bench.timeToState(to, count), {
          to: url,
          count: keys,
        });
        return { tab, ms };
      };
      // With its last window a browser would end.
      await openTab();
      const online = await show();
      const deadline = Date.now() + KEPT_WITHIN_MS;
      while (!(await askTab(online.tab, (bench) => bench.hub(), null)).isKept) {
        if (Date.now() > deadline) throw new Error('nothing was kept');
        await sleep(200);
      }
      await sleep(SETTLE_MS);
      await online.tab.close();
      await sleep(SETTLE_MS);
      await server.cut();
      const offline = await show();
      const stale = await countStale({ server }, [offline.tab]);
      await server.restore();
      return { values: { online: online.ms, offline: offline.ms }, flaws: { ...FLAWLESS, stale } };
    },
  };
}
