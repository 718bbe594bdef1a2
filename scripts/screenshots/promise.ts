/** The promise, played in two tabs against the demo's own server, which is stopped and started meanwhile. */
import { glob, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser } from 'playwright';
import { startMain } from '../../test/e2e/harness/console-process.ts';
import type { Figure } from './sheet.ts';
import { shot } from './shot.ts';

const TAB = { width: 1_000, height: 760 };
const WAIT_MS = 60_000;

export async function playPromise(browser: Browser): Promise<Figure[]> {
  const data = await mkdtemp(join(tmpdir(), 'trunkline-screenshots-'));
  let demo = await startMain(data, []);
  const context = await browser.newContext({ viewport: TAB, reducedMotion: 'reduce' });
  context.setDefaultTimeout(WAIT_MS);
  const figures: Figure[] = [];
  try {
    const first = await context.newPage();
    await first.goto(demo.url);
    await first.getByRole('textbox').fill('Ada');
    await first.keyboard.press('Enter');
    await first.getByRole('button', { name: /Audit a checkout/ }).click();
    const dialog = first.getByRole('dialog');
    await dialog.getByRole('button', { name: 'Approve' }).waitFor();
    const second = await context.newPage();
    await second.goto(first.url());
    await second.getByRole('dialog').getByRole('button', { name: 'Decide later' }).click();
    const tabs = [first, second];
    const shoot = async (caption: string) =>
      figures.push({ caption, pictures: await Promise.all(tabs.map(shot)) });
    await shoot('Two tabs, one connection. A run asks for a decision.');

    await first.waitForFunction(() => navigator.serviceWorker.controller !== null);
    await demo.stop();
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
    demo = await startMain(data, ['--port', String(demo.port)]);
    await isReported(data);
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
    return figures;
  } finally {
    await context.close();
    await demo.stop();
    await rm(data, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** The run has gone on to its end: it has written its report. */
async function isReported(data: string): Promise<void> {
  const giveUpAt = Date.now() + WAIT_MS;
  while (Date.now() < giveUpAt) {
    for await (const _ of glob(join(data, 'runs/*/report.md'))) return;
    await new Promise((done) => setTimeout(done, 250));
  }
  throw new Error(`the decision was not accepted within ${WAIT_MS} ms, with no page open`);
}
