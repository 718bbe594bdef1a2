/** Which files are the script of a hub. */
import { readFile } from 'node:fs/promises';
import * as vite from 'vite';
import { importsOf } from './syntax.ts';

/** What is asked of Vite about a module. */
export type Asked = Pick<vite.Rolldown.PluginContext, 'parse' | 'resolve'>;

export const HUB_ENTRY = 'trunkline/worker';

/** Whether it imports `trunkline/worker`, or something of the application that does. */
export async function isHubScript(asked: Asked, file: string): Promise<boolean> {
  const modules = new Set([file]);
  for (const module of modules) {
    for (const source of await importedBy(asked, module)) {
      if (source === HUB_ENTRY) return true;
      const resolved = await asked.resolve(source, module);
      if (resolved && isSource(resolved.id)) modules.add(resolved.id);
    }
  }
  return false;
}

/** A file that an application has written, in a language that has imports. */
export function isSource(id: string): boolean {
  return /^[^\0?]+\.[cm]?[jt]sx?$/.test(id) && !id.includes('/node_modules/');
}

async function importedBy(asked: Asked, file: string): Promise<string[]> {
  // Vite 7 has the other one alone, and parses no TypeScript.
  const inJavaScript = vite.transformWithOxc ?? vite.transformWithEsbuild;
  const { code } = await inJavaScript(await readFile(file, 'utf8'), file);
  return importsOf(asked.parse(code)).map(({ source }) => source);
}
