/**
 * `npm run screenshots`: plays the promise in two tabs of a real browser, against the demo's own server, and puts what
 * they show into `docs/images/promise.png`.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { type BrowserContext, chromium, type Page } from 'playwright';
import { CHROMIUM_ARGS, chromiumPath } from './chromium.ts';

const ROOT = resolve(import.meta.dirname, '..');
const IMAGE = join(ROOT, 'docs/images/promise.png');
const TAB = { width: 1_000, height: 760 };
const STRIP_WIDTH = 1_400;
const WAIT_MS = 60_000;

interface Frame {
  readonly caption: string;
  readonly tabs: readonly Buffer[];
}

const data = await mkdtemp(join(tmpdir(), 'trunkline-screenshots-'));
const demo = spawn(process.execPath, [join(ROOT, 'demo/main.ts'), '--port', '0', '--data', data], {
  stdio: ['ignore', 'pipe', 'inherit'],
});
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
  const ended = new Promise((done) => demo.once('exit', done));
  demo.kill('SIGTERM');
  await ended;
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

  await first.evaluate(() =>
    fetch('/faults/cut', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ seconds: 60 }),
    }),
  );
  for (const tab of tabs) await tab.getByText('Connection lost').first().waitFor();
  await shoot('The line is cut.');

  await dialog.getByRole('button', { name: 'Approve' }).click();
  for (const tab of tabs)
    await tab
      .getByText(/Decision queued – connection lost/)
      .first()
      .waitFor();
  await shoot('Approved all the same: stored, and shown as queued in both tabs.');

  for (const tab of tabs) tab.on('dialog', (question) => question.accept());
  await Promise.all(tabs.map((tab) => tab.reload()));
  for (const tab of tabs)
    await tab
      .getByText(/Decision queued – connection lost/)
      .first()
      .waitFor();
  await shoot('Both tabs reloaded, still no line: the decision is still there.');

  await first.evaluate(() =>
    fetch('/faults/mend', { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{}' }),
  );
  for (const tab of tabs)
    await tab
      .getByText(/approved by Ada/)
      .first()
      .waitFor();
  for (const tab of tabs)
    await tab
      .getByText(/^Succeeded/)
      .first()
      .waitFor();
  await shoot('The line is back: accepted, once, and the run went on.');

  await first.getByRole('button', { name: 'Inspector' }).click();
  await second.getByRole('button', { name: /Outbox/ }).click();
  await first
    .getByText(/socket/i)
    .first()
    .waitFor();
  await shoot('One socket for both tabs; nothing is left to send.');
  return frames;
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
