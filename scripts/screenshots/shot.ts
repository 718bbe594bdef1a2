import type { Page } from 'playwright';

/** Once what moves has come to rest. */
export async function shot(page: Page): Promise<Buffer> {
  await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
  return await page.screenshot({ animations: 'disabled' });
}
