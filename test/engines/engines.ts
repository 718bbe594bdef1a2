import type { Driver } from './driver.ts';
import { startChromium } from './drivers/chromium.ts';
import { startFirefox } from './drivers/firefox.ts';
import { startWebKit } from './drivers/webkit.ts';

export type Engine = 'chromium' | 'firefox' | 'webkit';

/** Each start is another browser, with a profile of its own: in the folder, where it needs one. */
export const START: Readonly<Record<Engine, (folder: string) => Promise<Driver>>> = {
  chromium: startChromium,
  firefox: startFirefox,
  webkit: startWebKit,
};
export const ENGINES = Object.keys(START) as Engine[];
