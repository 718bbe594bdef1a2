import { readFileSync } from 'node:fs';
import { registerHooks, stripTypeScriptTypes } from 'node:module';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Edit } from '../simulation/mutants/mutant.ts';

/** Changes source files as this process loads them. The files on the disk stay as they are. */
export function changeOnLoad(edits: readonly Edit[]): void {
  const changed = new Map<string, string>();
  for (const { file, text, instead } of edits) {
    const path = resolve(import.meta.dirname, '../..', file);
    const source = changed.get(path) ?? readFileSync(path, 'utf8');
    if (source.split(text).length !== 2) throw new Error(`${file} does not have exactly once: ${text}`);
    changed.set(
      path,
      source.replace(text, () => instead),
    );
  }

  registerHooks({
    load(url, context, nextLoad) {
      const source = url.startsWith('file:') ? changed.get(fileURLToPath(url)) : undefined;
      if (source === undefined) return nextLoad(url, context);
      return { format: 'module', source: stripTypeScriptTypes(source), shortCircuit: true };
    },
  });
}
