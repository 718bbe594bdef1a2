import type { Page } from 'playwright';
import type { Case } from '../run/scene.ts';
import { publishSteadily } from './steady.ts';

const PER_SECOND = 500;
const SECONDS = 10;
const WARM_UP_SECONDS = 1;

/** As most people have their tabs: one is seen, the newest, and the others lie behind it in the same window. */
export const hidden: Case = {
  name: 'hidden-10',
  title: `${PER_SECOND} events a second to 10 tabs, of which 9 are hidden`,
  figures: [
    { name: 'median', title: 'server to listener of the visible tab, median', unit: 'ms', better: 'lower' },
    { name: 'p99', title: 'the same, p99', unit: 'ms', better: 'lower' },
    { name: 'browserCpu', title: 'the browser, of one core', unit: '%', better: 'lower' },
    {
      name: 'hiddenMedian',
      title: 'server to listener of a hidden tab, median',
      unit: 'ms',
      better: 'lower',
    },
  ],
  async run(scene) {
    const { tabs, browser, quick } = scene;
    const shown = await onlyVisibleOf(tabs);
    await publishSteadily(scene, PER_SECOND, WARM_UP_SECONDS);
    const cpuBefore = await browser.cpuMs();
    const { published, arrivals, flaws } = await publishSteadily(scene, PER_SECOND, quick ? 2 : SECONDS);
    const cpuMs = (await browser.cpuMs()) - cpuBefore;
    if ((await onlyVisibleOf(tabs)) !== shown) throw new Error('another tab became visible');
    const seen = arrivals[shown];
    const unseen = arrivals.find((_, index) => index !== shown);
    if (!seen || !unseen) throw new Error('this case needs two tabs');
    return {
      values: {
        median: seen.medianMs,
        p99: seen.p99Ms,
        browserCpu: (cpuMs / (published.endedAt - published.startedAt)) * 100,
        hiddenMedian: unseen.medianMs,
      },
      flaws,
    };
  },
};

/** @throws Error where not exactly one of them is visible, as the pages themselves say */
async function onlyVisibleOf(tabs: readonly Page[]): Promise<number> {
  const states = await Promise.all(tabs.map((tab) => tab.evaluate(() => document.visibilityState)));
  const visible = states.flatMap((state, index) => (state === 'visible' ? [index] : []));
  const [shown] = visible;
  if (shown === undefined || visible.length > 1)
    throw new Error(`one tab is to be visible: ${states.join(', ')}`);
  return shown;
}
