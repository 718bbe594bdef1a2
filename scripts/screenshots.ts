/**
 * `npm run screenshots`: plays the promise in two tabs of a real browser, against the demo's own server, which is stopped and
 * started meanwhile, and puts what they show into `docs/images/promise.png`.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { glob, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { type BrowserContext, chromium, type Page } from 'playwright';
import { CHROMIUM_ARGS, chromiumPath } from './chromium.ts';
import { command, commandLine } from './command-line.ts';

const ROOT = resolve(import.meta.dirname, '..');
const IMAGE = join(ROOT, 'docs/images/promise.png');
const TAB = { width: 1_000, height: 760 };
const STRIP_WIDTH = 1_400;
const WAIT_MS = 60_000;

interface Frame {
  readonly caption: string;
  readonly tabs: readonly Buffer[];
}

commandLine(
  command({
    name: 'npm run screenshots',
    about: "Takes the readme's pictures of the demo, into docs/images.",
    options: {},
  }),
);
const data = await mkdtemp(join(tmpdir(), 'trunkline-screenshots-'));
let demo = startDemo('0');
const browser = await chromium.launch({ executablePath: chromiumPath(), args: [...CHROMIUM_ARGS] });
try {
  const url = await addressOf(demo);
  const context = await browser.newContext({ viewport: TAB, reducedMotion: 'reduce' });
  context.setDefaultTimeout(WAIT_MS);
  const frames = await playPromise(context, url);
  await writeFile(IMAGE, await strip(frames));
  console.log(`${IMAGE}: ${frames.length} pictures`);
} finally {
  await browser.close();
  await stopDemo();
  await rm(data, { recursive: true });
}

async function playPromise(context: BrowserContext, url: string): Promise<Frame[]> {
  const frames: Frame[] = [];
  const first = await context.newPage();
  await first.goto(url);
  await first.getByRole('textbox').fill('Ada');
  await first.keyboard.press('Enter');
  await first.getByRole('button', { name: /Audit a checkout/ }).click();
  const dialog = first.getByRole('dialog');
  await dialog.getByRole('button', { name: 'Approve' }).waitFor();
  const second = await context.newPage();
  await second.goto(first.url());
  await second.getByRole('dialog').getByRole('button', { name: 'Decide later' }).click();
  const tabs = [first, second];
  const shoot = async (caption: string) => frames.push({ caption, tabs: await Promise.all(tabs.map(shot)) });
  await shoot('Two tabs, one connection. A run asks for a decision.');

  await first.waitForFunction(() => navigator.serviceWorker.controller !== null);
  await stopDemo();
  for (const tab of tabs) await tab.getByText('Connection lost').first().waitFor();
  await shoot('The server is stopped.');

  await dialog.getByRole('button', { name: 'Approve' }).click();
  for (const tab of tabs)
    await tab
      .getByText(/Decision queued – connection lost/)
      .first()
      .waitFor();
  await shoot('Approved all the same: stored, and shown as queued in both tabs.');

  for (const tab of tabs) tab.on('dialog', (question) => question.accept());
  await Promise.all(tabs.map((tab) => tab.reload()));
  for (const tab of tabs) await tab.getByText(/No connection\. As of/).waitFor();
  await shoot(
    'Both tabs reloaded, with nobody there to serve them: the run as it was last known, and the decision.',
  );

  const address = first.url();
  await Promise.all(tabs.map((tab) => tab.close({ runBeforeUnload: false })));
  demo = startDemo(new URL(url).port);
  await addressOf(demo);
  await isReported();
  const back = await context.newPage();
  await back.goto(address);
  await back
    .getByText(/^Succeeded/)
    .first()
    .waitFor();
  const inspected = await context.newPage();
  await inspected.goto(address);
  await inspected.getByRole('button', { name: 'Inspector' }).click();
  await inspected.getByText('Sockets live').waitFor();
  tabs.splice(0, 2, back, inspected);
  await shoot(
    'Both tabs closed, and the server started: accepted, once, with no page open. Then we come back.',
  );
  return frames;
}

/** The run has gone on to its end: it has written its report. */
async function isReported(): Promise<void> {
  const giveUpAt = Date.now() + WAIT_MS;
  while (Date.now() < giveUpAt) {
    for await (const _ of glob(join(data, 'runs/*/report.md'))) return;
    await new Promise((done) => setTimeout(done, 250));
  }
  throw new Error(`the decision was not accepted within ${WAIT_MS} ms, with no page open`);
}

function startDemo(port: string): ChildProcess {
  return spawn(process.execPath, [join(ROOT, 'demo/main.ts'), '--port', port, '--data', data], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
}

async function stopDemo(): Promise<void> {
  if (demo.exitCode !== null || demo.signalCode !== null) return;
  const ended = new Promise((done) => demo.once('exit', done));
  demo.kill('SIGTERM');
  await ended;
}

/** Once what moves has come to rest. */
async function shot(page: Page): Promise<Buffer> {
  await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
  return await page.screenshot({ animations: 'disabled' });
}

/** All frames as one picture, laid out by the browser itself. */
async function strip(frames: readonly Frame[]): Promise<Buffer> {
  const image = (png: Buffer) => `<img src="data:image/png;base64,${png.toString('base64')}">`;
  const figures = frames.map(
    ({ caption, tabs }, index) =>
      `<figure><figcaption><b>${index + 1}</b> ${caption}</figcaption><div>${tabs.map(image).join('')}</div></figure>`,
  );
  const page = await browser.newPage({ viewport: { width: STRIP_WIDTH, height: 100 } });
  await page.setContent(`<!doctype html><style>
    body { margin: 0; padding: 16px; background: #eef1f4; font: 600 17px/1.4 system-ui, sans-serif; color: #1b2733; }
    main { display: grid; gap: 20px; }
    figure { margin: 0; }
    figcaption { margin-bottom: 8px; }
    b { display: inline-grid; place-content: center; width: 26px; height: 26px; border-radius: 13px; background: #2456d6; color: #fff; font-size: 14px; }
    div { display: grid; grid-template-columns: 1fr 1fr; gap: 12px; }
    img { width: 100%; border: 1px solid #c9d2dc; border-radius: 8px; }
  </style><main>${figures.join('')}</main>`);
  await page.waitForFunction(() => [...document.images].every((picture) => picture.complete));
  const png = await page.screenshot({ fullPage: true });
  await page.close();
  return png;
}

/** The address that the demo prints when it is ready. */
function addressOf(child: ChildProcess): Promise<string> {
  return new Promise((found, failed) => {
    let said = '';
    child.stdout?.on('data', (chunk: Buffer) => {
      process.stdout.write(chunk);
      said += chunk.toString();
      const [address] = /http:\/\/\S+/.exec(said) ?? [];
      if (address) found(address);
    });
    child.once('exit', (code) => failed(new Error(`the demo ended with code ${code} before it was ready`)));
  });
}
