/** Several pictures as one. */
import type { Browser } from 'playwright';

export interface Figure {
  readonly caption: string;
  /** PNG files, side by side. */
  readonly pictures: readonly Buffer[];
}

/** Laid out by the browser itself, one figure below the other. @param columns of pictures, as CSS has them. */
export async function sheet(
  browser: Browser,
  figures: readonly Figure[],
  { width, columns }: { width: number; columns: string },
): Promise<Buffer> {
  const image = (png: Buffer) => `<img src="data:image/png;base64,${png.toString('base64')}">`;
  const rows = figures.map(
    ({ caption, pictures }, index) =>
      `<figure><figcaption>${figures.length > 1 ? `<b>${index + 1}</b>` : ''} ${caption}</figcaption><div>${pictures.map(image).join('')}</div></figure>`,
  );
  const page = await browser.newPage({ viewport: { width, height: 100 } });
  await page.setContent(`<!doctype html><style>
    body { margin: 0; padding: 16px; background: #eef1f4; font: 600 17px/1.4 system-ui, sans-serif; color: #1b2733; }
    main { display: grid; gap: 20px; }
    figure { margin: 0; }
    figcaption { margin-bottom: 8px; }
    b { display: inline-grid; place-content: center; width: 26px; height: 26px; border-radius: 13px; background: #2456d6; color: #fff; font-size: 14px; }
    div { display: grid; grid-template-columns: ${columns}; gap: 12px; align-items: start; }
    img { width: 100%; border: 1px solid #c9d2dc; border-radius: 8px; }
  </style><main>${rows.join('')}</main>`);
  await page.waitForFunction(() => [...document.images].every((picture) => picture.complete));
  const png = await page.screenshot({ fullPage: true });
  await page.close();
  return png;
}
