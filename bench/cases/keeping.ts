import { type Case, everyTab, flawsOf } from '../run/scene.ts';

const PER_SECOND = 500;
const KEYS = 1_000;
/** It is written every 5 s: several times, since what one costs differs. */
const SECONDS = 24;
const WARM_UP_SECONDS = 2;

/** What it costs to keep the state on the device, by what the hub's own thread ran for. */
export const keeping: Case = {
  name: 'keeping',
  title: `${PER_SECOND} events a second over ${KEYS.toLocaleString('en')} keys, whose state is kept on the device or not`,
  figures: [
    { name: 'worker', title: 'CPU time of the worker, per event', unit: 'ms', better: 'lower' },
    { name: 'browserCpu', title: "the browser's CPU time, per event", unit: 'ms', better: 'lower' },
  ],
  async run({ server, browser, tabs, quick }) {
    const play = async (seconds: number) => {
      const first = await server.next();
      await everyTab(tabs, (bench, from) => bench.begin(from), first);
      const { last } = await server.steady({ type: 'reading', perSecond: PER_SECOND, seconds, keys: KEYS });
      await everyTab(tabs, (bench, n) => bench.until(n, 30_000), last);
      return { first, last };
    };
    await play(WARM_UP_SECONDS);
    const before = await browser.workerCpuMs();
    const browserBefore = await browser.cpuMs();
    const { first, last } = await play(quick ? 6 : SECONDS);
    const events = last - first + 1;
    const worker = ((await browser.workerCpuMs()) - before) / events;
    const browserCpu = ((await browser.cpuMs()) - browserBefore) / events;
    const arrivals = await everyTab(tabs, (bench) => bench.arrivals(), null);
    return { values: { worker, browserCpu }, flaws: flawsOf(arrivals, events) };
  },
};
