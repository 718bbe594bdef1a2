import { type Case, everyTab, flawsOf, type Scene } from '../run/scene.ts';
import { median } from '../shared/quantile.ts';

const TIMEOUT_MS = 30_000;
const WARM_UP_SECONDS = 0.5;
const SECONDS = 10;

/** Publishes at a steady rate and waits for all of it. */
export async function publishSteadily(
  { server, tabs }: Pick<Scene, 'server' | 'tabs'>,
  perSecond: number,
  seconds: number,
) {
  const first = await server.next();
  await everyTab(tabs, (bench, from) => bench.begin(from), first);
  const published = await server.steady({ type: 'tick', perSecond, seconds, keys: 1_000 });
  await everyTab(tabs, (bench, { last, timeoutMs }) => bench.until(last, timeoutMs), {
    last: published.last,
    timeoutMs: TIMEOUT_MS,
  });
  const arrivals = await everyTab(tabs, (bench) => bench.arrivals(), null);
  return { published, arrivals, flaws: flawsOf(arrivals, published.last - first + 1) };
}

function steady(name: string, perSecond: number, whom: string): Case {
  return {
    name,
    title: `${perSecond} events a second to ${whom}`,
    figures: [
      { name: 'median', title: 'server to listener, median', unit: 'ms', better: 'lower' },
      { name: 'p99', title: 'server to listener, p99 of the worst tab', unit: 'ms', better: 'lower' },
      { name: 'browserCpu', title: 'the browser, of one core', unit: '%', better: 'lower' },
    ],
    async run(scene) {
      await publishSteadily(scene, perSecond, WARM_UP_SECONDS);
      const cpuBefore = await scene.browser.cpuMs();
      const { published, arrivals, flaws } = await publishSteadily(
        scene,
        perSecond,
        scene.quick ? 1 : SECONDS,
      );
      const cpuMs = (await scene.browser.cpuMs()) - cpuBefore;
      return {
        values: {
          median: median(arrivals.map(({ medianMs }) => medianMs)),
          p99: Math.max(...arrivals.map(({ p99Ms }) => p99Ms)),
          browserCpu: (cpuMs / (published.endedAt - published.startedAt)) * 100,
        },
        flaws,
      };
    },
  };
}

export const latencyOfTenTabs = steady('latency-10', 500, '10 tabs');
export const latencyOfOneTab = steady('latency-1', 50, 'one tab');
