/**
 * `npm run screenshots`: plays the promise in two tabs of a real browser, and puts what they show into
 * `docs/images/promise.png`. With `--states`: the console in each of its states, to be looked at.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { type Browser, chromium } from 'playwright';
import { CHROMIUM_ARGS, chromiumPath } from './chromium.ts';
import { command, commandLine } from './command-line.ts';
import { playPromise } from './screenshots/promise.ts';
import { sheet } from './screenshots/sheet.ts';
import { pictureStates } from './screenshots/states.ts';

const ROOT = resolve(import.meta.dirname, '..');
const IMAGE = join(ROOT, 'docs/images/promise.png');

const { values } = commandLine(
  command({
    name: 'npm run screenshots',
    about: "Takes the readme's pictures of the demo, into docs/images.",
    options: {
      states: {
        type: 'flag',
        about: 'each state of the console instead, light and dark, wide and narrow, a picture a state',
      },
      out: {
        type: 'text',
        takes: 'FOLDER',
        default: join(ROOT, '.tmp/states'),
        about: 'where the pictures of the states go',
      },
    },
  }),
);
const browser = await chromium.launch({ executablePath: chromiumPath(), args: [...CHROMIUM_ARGS] });
try {
  await (values.states ? takeStates(browser, values.out) : takePromise(browser));
} finally {
  await browser.close();
}

async function takePromise(browser: Browser): Promise<void> {
  const figures = await playPromise(browser);
  await writeFile(IMAGE, await sheet(browser, figures, { width: 1_400, columns: '1fr 1fr' }));
  console.log(`${IMAGE}: ${figures.length} pictures`);
}

async function takeStates(browser: Browser, folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  let count = 0;
  for await (const { name, pictures } of pictureStates(browser)) {
    count++;
    const file = `${String(count).padStart(2, '0')}-${name.replaceAll(/\W+/g, '-')}.png`;
    const columns = '1280fr 1280fr 390fr 390fr';
    const png = await sheet(browser, [{ caption: name, pictures }], { width: 2_000, columns });
    await writeFile(join(folder, file), png);
    console.log(file);
  }
  console.log(`${count} states in ${folder}`);
}
