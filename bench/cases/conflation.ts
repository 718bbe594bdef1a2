import { type Case, countStale, everyTab, flawsOf } from '../run/scene.ts';

const PER_SECOND = 10_000;
const SECONDS = 1.5;
const KEYS = 1_000;
/** How long after the last event every tab may take to show the last of each key. */
const PATIENCE_MS = 2_000;

/** More than a page can show. */
export const conflation: Case = {
  name: 'conflation',
  title: `${PER_SECOND.toLocaleString('en')} events a second over ${KEYS.toLocaleString('en')} keys to 10 tabs, for ${SECONDS} s`,
  figures: [
    { name: 'longTasks', title: 'tasks over 50 ms, all tabs', unit: '', better: 'lower' },
    { name: 'longestTask', title: 'the longest task', unit: 'ms', better: 'lower' },
    {
      name: 'framesPerSecond',
      title: 'frames per second, in the worst tab',
      unit: 'per second',
      better: 'higher',
    },
    { name: 'longestGap', title: 'the longest time between frames', unit: 'ms', better: 'lower' },
    { name: 'behind', title: 'last values of all keys, after the last event', unit: 'ms', better: 'lower' },
  ],
  async run({ server, tabs, quick }) {
    const first = await server.next();
    await everyTab(tabs, (bench, from) => bench.begin(from), first);
    await everyTab(tabs, (bench) => bench.startPainting(), null);
    const seconds = quick ? 1 : SECONDS;
    const published = await server.steady({ type: 'reading', perSecond: PER_SECOND, seconds, keys: KEYS });
    const painted = await everyTab(tabs, (bench) => bench.stopPainting(), null);
    // The last event of all is the last one of its key; everything before it came before it.
    await everyTab(tabs, (bench, { last, timeoutMs }) => bench.until(last, timeoutMs), {
      last: published.last,
      timeoutMs: PATIENCE_MS,
    });
    const stale = await countStale({ server }, tabs);
    const arrivals = await everyTab(tabs, (bench) => bench.arrivals(), null);
    const lastAt = Math.max(...arrivals.map(({ lastAt }) => lastAt));
    return {
      values: {
        longTasks: painted.reduce((sum, { longTasks }) => sum + longTasks, 0),
        longestTask: Math.max(...painted.map(({ longestTaskMs }) => longestTaskMs)),
        framesPerSecond: Math.min(...painted.map(({ framesPerSecond }) => framesPerSecond)),
        longestGap: Math.max(...painted.map(({ longestGapMs }) => longestGapMs)),
        behind: stale > 0 ? PATIENCE_MS : Math.max(0, lastAt - published.endedAt),
      },
      // What is conflated is not lost.
      flaws: { ...flawsOf(arrivals, 0), lost: 0, stale },
    };
  },
};
