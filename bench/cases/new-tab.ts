import { askTab, type Case, countStale, FLAWLESS } from '../run/scene.ts';
import { median } from '../shared/quantile.ts';

const REPETITIONS = 3;
/** Of so many keys one tab tells enough. */
const MANY_KEYS = 10_000;

/** A first tab on a topic, and one more. */
export function newTab(keys: number): Case {
  return {
    name: `new-tab-${keys}`,
    title: `One more tab on a live topic of ${keys.toLocaleString('en')} keys`,
    figures: [
      { name: 'time', title: 'from subscribing to the state', unit: 'ms', better: 'lower' },
      { name: 'bytes', title: 'bytes from the server', unit: 'bytes', better: 'lower' },
      { name: 'first', title: 'the first tab: from subscribing to the state', unit: 'ms', better: 'lower' },
      { name: 'browser', title: "the browser's memory, with one tab", unit: 'MB', better: 'lower' },
    ],
    async run({ server, browser, openTab, url }) {
      let stale = 0;
      const show = async () => {
        const tab = await openTab();
        const before = await server.usage();
        const ms = await askTab(tab, (bench, { to, count }) => bench.timeToState(to, count), {
          to: url,
          count: keys,
        });
        const bytes = (await server.usage()).bytesOut - before.bytesOut;
        stale += await countStale({ server }, [tab]);
        return { tab, ms, bytes };
      };
      const first = await show();
      const memory = await browser.memoryBytes();
      const more: { readonly ms: number; readonly bytes: number }[] = [];
      for (let i = 0; i < (keys >= MANY_KEYS ? 1 : REPETITIONS); i++) {
        const { tab, ...figures } = await show();
        more.push(figures);
        await tab.close();
      }
      return {
        values: {
          time: median(more.map(({ ms }) => ms)),
          bytes: median(more.map(({ bytes }) => bytes)),
          first: first.ms,
          browser: memory / 1_000_000,
        },
        flaws: { ...FLAWLESS, stale },
      };
    },
  };
}
