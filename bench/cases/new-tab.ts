import { askTab, type Case, FLAWLESS } from '../run/scene.ts';
import { median } from '../shared/quantile.ts';

const REPETITIONS = 3;

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
      let missing = 0;
      const due = await server.state();
      // The first one warms up.
      for (let i = 0; i <= REPETITIONS; i++) {
        const tab = await openTab();
        const before = await server.usage();
        const ms = await askTab(tab, (bench, { to, count }) => bench.timeToState(to, count), {
          to: url,
          count: keys,
        });
        const after = await server.usage();
        const state = await askTab(tab, (bench) => bench.state(), null);
        missing += Object.entries(due).filter(([key, n]) => state[key] !== n).length;
        await tab.close();
        if (i === 0) continue;
        times.push(ms);
        bytes.push(after.bytesOut - before.bytesOut);
      }
      return {
        values: { time: median(times), bytes: median(bytes), browser: memory / 1_000_000 },
        flaws: { ...FLAWLESS, lost: missing },
      };
    },
  };
}

async function putKeys(
  { server, tabs }: Pick<Parameters<Case['run']>[0], 'server' | 'tabs'>,
  keys: number,
): Promise<void> {
  const known = Object.keys(await server.state()).length;
  if (known >= keys) return;
  const { last } = await server.burst({ type: 'reading', count: keys, keys });
  for (const tab of tabs) {
    const arrived = await askTab(tab, async (bench, n) => bench.until(n, 60_000), last);
    if (!arrived) throw new Error('the keys did not reach the tab');
  }
}
