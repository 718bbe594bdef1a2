import { askTab, type Case, countStale, FLAWLESS } from '../run/scene.ts';
import { median } from '../shared/quantile.ts';

const REPETITIONS = 3;
/** Of so many keys one tab tells enough. */
const MANY_KEYS = 10_000;

/** One more tab, on a topic that another tab shows already. */
export function newTab(keys: number): Case {
  return {
    name: `new-tab-${keys}`,
    title: `One more tab on a live topic of ${keys.toLocaleString('en')} keys`,
    figures: [
      { name: 'time', title: 'from subscribing to the state', unit: 'ms', better: 'lower' },
      { name: 'bytes', title: 'bytes from the server', unit: 'bytes', better: 'lower' },
      { name: 'browser', title: "the browser's memory, one tab", unit: 'MB', better: 'lower' },
    ],
    async run({ server, browser, openTab, url, tabs }) {
      await putKeys({ server, tabs }, keys);
      const memory = await browser.memoryBytes();
      const times: number[] = [];
      const bytes: number[] = [];
      let stale = 0;
      // The first one warms up.
      const repetitions = keys >= MANY_KEYS ? 1 : REPETITIONS;
      for (let i = 0; i <= repetitions; i++) {
        const tab = await openTab();
        const before = await server.usage();
        const ms = await askTab(tab, (bench, { to, count }) => bench.timeToState(to, count), {
          to: url,
          count: keys,
        });
        const after = await server.usage();
        stale += await countStale({ server }, [tab]);
        await tab.close();
        if (i === 0) continue;
        times.push(ms);
        bytes.push(after.bytesOut - before.bytesOut);
      }
      return {
        values: { time: median(times), bytes: median(bytes), browser: memory / 1_000_000 },
        flaws: { ...FLAWLESS, stale },
      };
    },
  };
}

async function putKeys(
  { server, tabs }: Pick<Parameters<Case['run']>[0], 'server' | 'tabs'>,
  keys: number,
): Promise<void> {
  const known = (await server.state()).keys;
  if (known >= keys) return;
  const { last } = await server.burst({ type: 'reading', count: keys, keys });
  for (const tab of tabs) {
    const arrived = await askTab(tab, async (bench, n) => bench.until(n, 60_000), last);
    if (!arrived) throw new Error('the keys did not reach the tab');
  }
}
