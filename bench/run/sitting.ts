import { setTimeout as sleep } from 'node:timers/promises';
import type { Page } from 'playwright';
import { type Site, startSite } from '../../test/e2e/harness/site.ts';
import { burst } from '../cases/burst.ts';
import { conflation } from '../cases/conflation.ts';
import { cost } from '../cases/cost.ts';
import { firstState } from '../cases/first-state.ts';
import { keeping } from '../cases/keeping.ts';
import { memory } from '../cases/memory.ts';
import { newTab } from '../cases/new-tab.ts';
import { outage } from '../cases/outage.ts';
import { outbox } from '../cases/outbox.ts';
import { latencyOfOneTab, latencyOfTenTabs } from '../cases/steady.ts';
import { trace } from '../cases/trace.ts';
import { type BenchBrowser, startBrowser } from './browser.ts';
import type { BuiltPages } from './build.ts';
import type { ContenderInfo } from './contenders.ts';
import { askTab, type Case, everyTab, type Figures, type Scene } from './scene.ts';
import { startServerProcess } from './server-process.ts';

/** Cases that a contender is asked in one browser with so many tabs, in this order. */
export interface Sitting {
  readonly name: string;
  readonly tabs: number;
  /** Of the topic, before the first case. */
  readonly keys: number;
  readonly cases: readonly {
    readonly case: Case;
    readonly needs: 'feed' | 'reconnect' | 'outbox' | 'device';
  }[];
}

const feed = (asked: Case) => ({ case: asked, needs: 'feed' as const });

export const SITTINGS: readonly Sitting[] = [
  {
    name: 'ten tabs',
    tabs: 10,
    keys: 1_000,
    cases: [memory(10), cost(10), latencyOfTenTabs, trace, burst, conflation].map(feed),
  },
  {
    name: 'one tab',
    tabs: 1,
    keys: 1_000,
    cases: [...[memory(1), cost(1), latencyOfOneTab].map(feed), { case: outage, needs: 'reconnect' }],
  },
  ...[100, 1_000, 10_000, 100_000].map((keys) => ({
    name: `${keys} keys`,
    tabs: 0,
    keys,
    cases: [newTab(keys)].map(feed),
  })),
  { name: 'keeping', tabs: 1, keys: 1_000, cases: [{ case: keeping, needs: 'device' }] },
  ...[1_000, 100_000].map((keys) => ({
    name: `${keys} keys on the device`,
    tabs: 0,
    keys,
    cases: [{ case: firstState(keys), needs: 'device' as const }],
  })),
  { name: 'outbox', tabs: 1, keys: 0, cases: [{ case: outbox, needs: 'outbox' }] },
  { name: 'thirty tabs', tabs: 30, keys: 1_000, cases: [memory(30), cost(30)].map(feed) },
];

/** Pages that are isolated read the time to 5 µs instead of 100: https://developer.mozilla.org/docs/Web/API/Performance/now */
const FINE_CLOCKS = {
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-embedder-policy': 'require-corp',
};

/** After opening, before anything is measured. */
const SETTLE_MS = 300;

/** Why this contender is not asked this case, or `null`. */
export function whyNot(
  { cannot, only, alsoFor }: ContenderInfo,
  { case: { name }, needs }: Sitting['cases'][number],
): string | null {
  if (only && !only.includes(name)) return 'it is there for another case';
  if (needs === 'device') return alsoFor?.includes(name) ? null : 'it keeps no state on the device';
  if (needs === 'outbox') return cannot['outbox'] ?? null;
  return cannot['feed'] ?? (needs === 'reconnect' ? (cannot['reconnect'] ?? null) : null);
}

export async function sit(
  sitting: Sitting,
  contender: ContenderInfo,
  pages: BuiltPages,
  options: Pick<Scene, 'quick' | 'traceFile'>,
  told: (asked: Case, figures: Figures) => void,
): Promise<void> {
  const server = await startServerProcess(pages.server, contender.server);
  const site: Site = await startSite(pages.of(contender.name), () => server.port, FINE_CLOCKS);
  const browser: BenchBrowser = await startBrowser();
  try {
    const url = `ws://127.0.0.1:${server.port}`;
    const openTab = () => browser.openTab(site.origin);
    const tabs: Page[] = [];
    const scene: Scene = { contender, server: server.calls, browser, tabs, url, openTab, ...options };
    tabs.push(...(await Promise.all(Array.from({ length: sitting.tabs }, openTab))));
    // One after the other: where tabs elect a leader, they don't do it all at once.
    for (const tab of tabs) await askTab(tab, (bench, to) => bench.connect(to), url);
    const { keys } = sitting;
    if (keys > 0) {
      const { last } = await server.calls.burst({ type: 'reading', count: keys, keys });
      await everyTab(tabs, (bench, n) => bench.until(n, 30_000), last);
    }
    await sleep(SETTLE_MS);
    for (const asked of sitting.cases) {
      if (whyNot(contender, asked) === null) told(asked.case, await asked.case.run(scene));
    }
    if (site.violations.length > 0) throw new Error(`against the policy: ${site.violations.join('\n')}`);
  } finally {
    await browser.close();
    await site.close();
    await server.end();
  }
}
