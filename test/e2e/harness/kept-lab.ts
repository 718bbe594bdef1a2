/** The lab with the service worker of `docs/offline.md`, built for a test that wants two builds of it. */
import { appendFileSync, cpSync } from 'node:fs';
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
  appendFileSync(join(app, 'main.ts'), `document.title = ${JSON.stringify(build)};\n`);
  appendFileSync(
    join(app, 'hub-that-keeps.ts'),
    `Object.assign(globalThis, { build: ${JSON.stringify(build)} });\n`,
  );
  return await buildWithVite({ app, folder });
}
