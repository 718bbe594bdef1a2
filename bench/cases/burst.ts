import { type Case, everyTab, flawsOf } from '../run/scene.ts';

const EVENTS = 20_000;
const WARM_UP = 500;
const TIMEOUT_MS = 120_000;

/** As many as there can be, all of them to each tab. */
export const burst: Case = {
  name: 'burst',
  title: `A burst of ${EVENTS.toLocaleString('en')} events of 208 bytes to 10 tabs`,
  figures: [
    {
      name: 'perSecond',
      title: 'events per second, in the slowest tab',
      unit: 'per second',
      better: 'higher',
    },
    { name: 'p99', title: 'server to listener, p99', unit: 'ms', better: 'lower' },
  ],
  async run({ server, tabs, quick }) {
    const publish = async (count: number) => {
      const first = await server.next();
      await everyTab(tabs, (bench, from) => bench.begin(from), first);
      const arrived = everyTab(tabs, (bench, { last, timeoutMs }) => bench.until(last, timeoutMs), {
        last: first + count - 1,
        timeoutMs: TIMEOUT_MS,
      });
      const published = await server.burst({ type: 'tick', count, keys: 1_000 });
      await arrived;
      const arrivals = await everyTab(tabs, (bench) => bench.arrivals(), null);
      return { published, arrivals };
    };
    await publish(WARM_UP);
    const count = quick ? EVENTS / 10 : EVENTS;
    const { published, arrivals } = await publish(count);
    const seconds = (Math.max(...arrivals.map(({ lastAt }) => lastAt)) - published.startedAt) / 1_000;
    return {
      values: { perSecond: count / seconds, p99: Math.max(...arrivals.map(({ p99Ms }) => p99Ms)) },
      flaws: flawsOf(arrivals, count),
    };
  },
};
