/** The demo's console in each of its states, and with runs of many nodes. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright';
import { startMain } from '../../test/e2e/harness/console-process.ts';
import { STATES, STATES_PIPELINE } from '../../test/e2e/harness/console-states.ts';
import { writeWorkflow } from '../../test/unit/demo/support/workflow.ts';
import { shot } from './shot.ts';

const WIDE = { width: 1_280, height: 800 };
const NARROW = { width: 390, height: 844 };
const LARGE_RUNS = [
  { layers: 10, width: 20 },
  { layers: 25, width: 40 },
  { layers: 50, width: 100 },
];
const SHAPES = ['Graph', 'Table', 'Timeline'];
/** Long enough for some layers of a large run to be over. */
const LARGE_RUN_MS = 6_000;

export interface StatePictures {
  readonly name: string;
  /** Wide and narrow, each light and dark: PNG files. */
  readonly pictures: readonly Buffer[];
}

export async function* pictureStates(browser: Browser): AsyncGenerator<StatePictures> {
  yield* onDemo(
    browser,
    async (folder) => {
      const pipeline = join(folder, 'states.json');
      await writeFile(pipeline, JSON.stringify(STATES_PIPELINE));
      return ['--pipeline', pipeline];
    },
    async function* (page, server) {
      for (const { name, reach } of STATES) {
        await reach(page, server);
        yield { name, pictures: await inEachLook(page) };
      }
    },
  );
  for (const size of LARGE_RUNS) {
    yield* onDemo(
      browser,
      async (folder) => ['--trace', writeWorkflow(folder, size), '--speed', '1'],
      async function* (page, { url }) {
        await page.goto(url);
        await page.getByLabel('Your name').fill('Ada');
        await page.keyboard.press('Enter');
        await page.getByRole('navigation', { name: 'Runs' }).getByRole('link', { name: 'Replay of' }).click();
        await page.waitForTimeout(LARGE_RUN_MS);
        for (const shape of SHAPES) {
          await page.getByRole('radio', { name: shape }).check({ force: true });
          const name = `${size.layers * size.width} nodes, ${shape.toLowerCase()}`;
          yield { name, pictures: await inEachLook(page) };
        }
      },
    );
  }
}

/** A server and a browser of its own. */
async function* onDemo(
  browser: Browser,
  args: (folder: string) => Promise<string[]>,
  play: (page: Page, server: Awaited<ReturnType<typeof startMain>>) => AsyncGenerator<StatePictures>,
): AsyncGenerator<StatePictures> {
  const folder = await mkdtemp(join(tmpdir(), 'trunkline-states-'));
  const server = await startMain(folder, await args(folder));
  const context = await browser.newContext({ viewport: WIDE, reducedMotion: 'reduce' });
  try {
    yield* play(await context.newPage(), server);
  } finally {
    await context.close();
    await server.stop();
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

async function inEachLook(page: Page): Promise<Buffer[]> {
  const pictures: Buffer[] = [];
  for (const size of [WIDE, NARROW]) {
    await page.setViewportSize(size);
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme });
      pictures.push(await shot(page));
    }
  }
  await page.emulateMedia({ colorScheme: 'light' });
  await page.setViewportSize(WIDE);
  return pictures;
}
