import { type Case, everyTab } from '../run/scene.ts';
import { median } from '../shared/quantile.ts';
import { publishSteadily } from './steady.ts';

const PER_SECOND = 2_000;
const SECONDS = 5;
const WARM_UP_SECONDS = 0.5;

/** More than a socket in each tab takes. */
export const flood: Case = {
  name: 'flood-10',
  title: `${PER_SECOND.toLocaleString('en')} events a second without a key to 10 tabs`,
  figures: [
    { name: 'median', title: 'server to listener, median', unit: 'ms', better: 'lower' },
    { name: 'p99', title: 'server to listener, p99 of the worst tab', unit: 'ms', better: 'lower' },
    { name: 'dropped', title: 'events that did not come, all tabs', unit: '', better: 'lower' },
    { name: 'longTasks', title: 'tasks over 50 ms, all tabs', unit: '', better: 'lower' },
    { name: 'longestTask', title: 'the longest task', unit: 'ms', better: 'lower' },
  ],
  async run(scene) {
    await publishSteadily(scene, PER_SECOND, WARM_UP_SECONDS);
    await everyTab(scene.tabs, (bench) => bench.startPainting(), null);
    const { arrivals, flaws } = await publishSteadily(scene, PER_SECOND, scene.quick ? 1 : SECONDS);
    const painted = await everyTab(scene.tabs, (bench) => bench.stopPainting(), null);
    return {
      values: {
        median: median(arrivals.map(({ medianMs }) => medianMs)),
        p99: Math.max(...arrivals.map(({ p99Ms }) => p99Ms)),
        dropped: flaws.lost,
        longTasks: painted.reduce((sum, { longTasks }) => sum + longTasks, 0),
        longestTask: Math.max(...painted.map(({ longestTaskMs }) => longestTaskMs)),
      },
      flaws,
    };
  },
};
