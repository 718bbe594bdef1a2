/** What a bundler makes of a worker, by how its construction is written. */
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Browser, Page } from 'playwright';
import { startSite } from '../../e2e/harness/site.ts';
import type { Sources } from './bundlers.ts';
import { writeFiles } from './code-blocks.ts';

const URL_OF_HUB = "new URL('./hub.js', import.meta.url)";
const OPTIONS = "{ type: 'module', name: 'trunkline', extendedLifetime: true }";
const WITHOUT_TYPE = "const options = { name: 'trunkline', extendedLifetime: true };";

/** By what `docs/bundlers.md` calls them. JavaScript, since a compiler may write TypeScript anew. */
export const WORKER_FORMS: Readonly<Record<string, string>> = {
  'as in the files below': `const worker = new SharedWorker(${URL_OF_HUB}, ${OPTIONS});`,
  'a comment before `new URL`': `const worker = new SharedWorker(/* the hub */ ${URL_OF_HUB}, ${OPTIONS});`,
  '`globalThis.SharedWorker`': `const worker = new globalThis.SharedWorker(${URL_OF_HUB}, ${OPTIONS});`,
  'the URL in a variable': `const url = ${URL_OF_HUB}; const worker = new SharedWorker(url, ${OPTIONS});`,
  'the options in a variable': `const options = ${OPTIONS}; const worker = new SharedWorker(${URL_OF_HUB}, options);`,
  'options spread before `type`': `${WITHOUT_TYPE} const worker = new SharedWorker(${URL_OF_HUB}, { ...options, type: 'module' });`,
  'options spread behind `type`': `${WITHOUT_TYPE} const worker = new SharedWorker(${URL_OF_HUB}, { type: 'module', ...options });`,
};

export type Made = 'built' | 'built, name and lifetime lost' | 'not built, in silence' | 'an error';

/** The script beside a page that constructs its worker so. */
export const HUB = {
  'hub.js': `import { built } from './built.js';
    onconnect = ({ ports: [port] }) => port.postMessage(built);`,
  'built.js': "export const built = 'built';",
};

/** What a page does with its worker: its title says what it was told. */
export const constructing = (form: string) => `${form}
  worker.port.onmessage = ({ data }) => { document.title = data; };
  worker.onerror = () => { document.title = 'not built, in silence'; };`;

/** Builds a page with a worker in that form, and lets the page start it. */
export async function madeOf(
  form: string,
  folder: string,
  build: (sources: Sources) => Promise<string>,
  browser: Browser,
): Promise<Made> {
  const entry = "export default { entry: './page.js', output: { filename: 'page.js' } };";
  const files = {
    ...HUB,
    'index.html': '<!doctype html><script type="module" src="./page.js"></script>',
    'page.js': constructing(form),
    'webpack.config.js': entry,
    'rspack.config.js': entry,
  };
  writeFiles(new Map(Object.entries(files)), folder);
  let root: string;
  try {
    root = await build({ app: folder, folder: join(folder, 'out') });
  } catch {
    return 'an error';
  }
  const site = await startSite(root, () => 0);
  try {
    return await madeOn(site.origin, browser);
  } finally {
    await site.close();
  }
}

/** What the page at `url` was told by its worker. */
export async function madeOn(url: string, browser: Browser): Promise<Made> {
  const page = await browser.newPage();
  try {
    await page.addInitScript(keepOptions);
    await page.goto(url);
    await page.waitForFunction(() => document.title !== '');
    const made = (await page.title()) as Made;
    return made === 'built' && !(await hasOptions(page)) ? 'built, name and lifetime lost' : made;
  } finally {
    await page.close();
  }
}

/** No worker can tell what it was asked to be. */
function keepOptions(): void {
  const Native = SharedWorker;
  globalThis.SharedWorker = class extends Native {
    constructor(url: string | URL, options?: string | WorkerOptions) {
      super(url, options);
      Object.assign(globalThis, { options });
    }
  };
}

function hasOptions(page: Page): Promise<boolean> {
  return page.evaluate(() => {
    const { options } = globalThis as { options?: { name?: string; extendedLifetime?: boolean } };
    return options?.name === 'trunkline' && options.extendedLifetime === true;
  });
}

/** What `docs/bundlers.md` says that a bundler makes of each form. */
export function formsBy(bundler: string): Record<string, string> {
  const document = readFileSync(resolve(import.meta.dirname, '../../../docs/bundlers.md'), 'utf8');
  const [, table = ''] = /^(\| form \|.*?)\n\n/ms.exec(document) ?? [];
  const [head = [], , ...rows] = table.split('\n').map((line) => line.split('|').map((cell) => cell.trim()));
  const column = head.indexOf(bundler);
  return Object.fromEntries(rows.map((row) => [row[1] ?? '', row[column] ?? '']));
}
