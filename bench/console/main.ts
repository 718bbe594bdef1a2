/**
 * `npm run bench:console`: how soon the demo's graph of a large run is there, and how smoothly it is drawn while its nodes
 * begin and end. It prints, and keeps nothing: figures of a page's frames are those of the machine.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { loadavg, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { type Browser, chromium, type Page } from 'playwright';
import { CHROMIUM_ARGS, chromiumPath } from '../../scripts/chromium.ts';
import { command, commandLine } from '../../scripts/command-line.ts';
import { startMain } from '../../test/e2e/harness/console-process.ts';
import { writeWorkflow } from '../../test/unit/demo/support/workflow.ts';

const RUNS = [
  { layers: 25, width: 40 },
  { layers: 50, width: 100 },
];
/** A layer each second begins and ends. */
const LAYER_SECONDS = 1;
const WATCH_MS = 12_000;
const WINDOW = { width: 1_280, height: 800 };
const DRAWN = '.stage-card, .graph-node';

const { values } = commandLine(
  command({
    name: 'npm run bench:console',
    about: 'How soon the graph of a large run is there, and how smoothly it is drawn while the run goes on.',
    options: {
      checkout: {
        type: 'text',
        takes: 'FOLDER',
        default: resolve(import.meta.dirname, '../..'),
        about: 'whose demo is measured: another commit, with its packages installed and built',
      },
    },
  }),
);
console.log(`load of the machine before: ${loadavg()[0]?.toFixed(1)}`);
const browser = await chromium.launch({ executablePath: chromiumPath(), args: CHROMIUM_ARGS });
try {
  for (const size of RUNS) await measure(browser, size);
} finally {
  await browser.close();
}

async function measure(browser: Browser, size: { layers: number; width: number }): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'trunkline-bench-console-'));
  const trace = writeWorkflow(folder, { ...size, seconds: LAYER_SECONDS });
  const demo = await startMain(folder, ['--trace', trace, '--speed', '1'], values.checkout);
  const context = await browser.newContext({ viewport: WINDOW });
  try {
    const page = await context.newPage();
    await page.goto(demo.url);
    await page.getByLabel('Your name').fill('Ada');
    await page.keyboard.press('Enter');
    const run = page.getByRole('navigation', { name: 'Runs' }).getByRole('link', { name: 'Replay of' });
    const hash = (await run.getAttribute('href')) ?? '';
    // Shown once, so that the run is in the hub of this browser.
    await run.click();
    await page.locator(DRAWN).first().waitFor();
    await page.goto('about:blank');
    await page.goto(demo.url);
    await run.waitFor();
    const shownMs = await timeToGraph(page, hash);
    const { perSecond, worstMs } = await watchFrames(page);
    const nodes = size.layers * size.width;
    console.log(
      `${nodes} nodes: graph after ${Math.round(shownMs)} ms; ${perSecond.toFixed(0)} frames a second, the longest took ${Math.round(worstMs)} ms`,
    );
  } finally {
    await context.close();
    await demo.stop();
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** From the click on the run until the frame that shows its graph. */
function timeToGraph(page: Page, hash: string): Promise<number> {
  return page.evaluate(
    ({ hash, drawn }) =>
      new Promise<number>((done) => {
        const begun = performance.now();
        location.hash = hash;
        const look = () => {
          if (!document.querySelector(drawn)) requestAnimationFrame(look);
          else requestAnimationFrame(() => done(performance.now() - begun));
        };
        requestAnimationFrame(look);
      }),
    { hash, drawn: DRAWN },
  );
}

function watchFrames(page: Page): Promise<{ perSecond: number; worstMs: number }> {
  return page.evaluate(
    (watchMs) =>
      new Promise<{ perSecond: number; worstMs: number }>((done) => {
        const begun = performance.now();
        let last = begun;
        let frames = 0;
        let worstMs = 0;
        const frame = () => {
          const now = performance.now();
          frames++;
          worstMs = Math.max(worstMs, now - last);
          last = now;
          if (now - begun < watchMs) requestAnimationFrame(frame);
          else done({ perSecond: (frames * 1_000) / (now - begun), worstMs });
        };
        requestAnimationFrame(frame);
      }),
    WATCH_MS,
  );
}
