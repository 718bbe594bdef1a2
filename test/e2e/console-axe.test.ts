import type { Page } from '@playwright/test';
import axe from 'axe-core';
import { expect, test } from './harness/console.ts';
import { STATES, STATES_PIPELINE } from './harness/console-states.ts';

const WIDTHS = [1_280, 390];
const SCHEMES = ['light', 'dark'] as const;
/** All else is the same in both schemes. */
const ONLY_COLOURS: axe.RunOptions = {
  runOnly: { type: 'rule', values: ['color-contrast', 'link-in-text-block'] },
};

test('axe finds nothing to complain of in any state of the console, in both schemes, wide and narrow', async ({
  serve,
  browser,
}) => {
  test.setTimeout(900_000);
  const server = await serve(STATES_PIPELINE);
  const context = await browser.newContext({ reducedMotion: 'reduce' });
  const page = await context.newPage();
  await page.addInitScript({ content: axe.source });
  for (const { name, reach } of STATES) {
    // What is reached wide is looked at narrow, too: a narrow page hides some of the ways.
    await page.setViewportSize({ width: 1_280, height: 800 });
    await test.step(name, () => reach(page, server));
    for (const width of WIDTHS) {
      await page.setViewportSize({ width, height: 800 });
      for (const colorScheme of SCHEMES) {
        await page.emulateMedia({ colorScheme });
        // All states are judged, also when one of them is at fault.
        expect
          .soft(
            await complaints(page, colorScheme === 'light' ? {} : ONLY_COLOURS),
            `${name}, ${colorScheme}, ${width}`,
          )
          .toEqual([]);
      }
    }
  }
  await context.close();
});

/** Once what moves has come to rest. */
async function complaints(page: Page, options: axe.RunOptions): Promise<string[]> {
  return await page.evaluate(async (options) => {
    const moving = document
      .getAnimations()
      .filter(({ effect }) => effect?.getComputedTiming().iterations !== Number.POSITIVE_INFINITY);
    await Promise.allSettled(moving.map(({ finished }) => finished));
    const { violations } = await window.axe.run(document, options);
    return violations.flatMap(({ id, nodes }) =>
      nodes.map(({ html, failureSummary }) => `${id}: ${html} ${failureSummary}`),
    );
  }, options);
}

declare global {
  interface Window {
    axe: typeof axe;
  }
}
