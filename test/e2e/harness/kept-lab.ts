/** The lab with the service worker of `docs/offline.md` and its gates kept, built for a test that wants two builds of it. */
import { appendFileSync, cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildWithVite } from '../../package/support/bundlers.ts';
import { filesForBundler, writeFiles } from '../../package/support/code-blocks.ts';
import { required } from './required.ts';

const FILES = ['vite.config.ts', 'service-worker.ts'];

/**
 * @param build its name, which its page has as its title; page and hub of another one have other addresses
 * @returns the folder to serve
 */
export async function buildKeptLab(build: string): Promise<string> {
  const home = required('TRUNKLINE_E2E_APP');
  const folder = join(home, `kept-${build}-${process.pid}`);
  const app = join(folder, 'lab');
  cpSync(join(home, 'lab'), app, { recursive: true });
  const document = filesForBundler('vite', 'docs/offline.md');
  writeFiles(new Map([...document].filter(([name]) => FILES.includes(name))), app);
  replace(join(app, 'protocol.ts'), 'critical: true', 'critical: true, persist: true');
  replace(join(app, 'hub.ts'), 'startHub(protocol, {', 'startHub(protocol, { savedState,');
  replace(
    join(app, 'hub.ts'),
    'import { startHub',
    "import { savedState } from 'trunkline/saved-state';\nimport { startHub",
  );
  appendFileSync(join(app, 'main.ts'), `document.title = ${JSON.stringify(build)};\n`);
  appendFileSync(join(app, 'hub.ts'), `Object.assign(globalThis, { build: ${JSON.stringify(build)} });\n`);
  return await buildWithVite({ app, folder });
}

/** The first of them. */
function replace(file: string, text: string, by: string): void {
  const before = readFileSync(file, 'utf8');
  if (!before.includes(text)) throw new Error(`${file} has no "${text}"`);
  writeFileSync(file, before.replace(text, by));
}
