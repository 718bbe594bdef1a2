/**
 * Loaded ahead of a server, with edits as JSON in `SERVER_EDITS`: those files are changed as they are loaded. The files on the
 * disk stay as they are.
 */
import { readFileSync } from 'node:fs';
import { registerHooks, stripTypeScriptTypes } from 'node:module';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Edit } from '../../simulation/mutants/mutant.ts';

const edits: readonly Edit[] = JSON.parse(process.env['SERVER_EDITS'] ?? '[]');
const changed = new Map<string, string>();
for (const { file, text, instead } of edits) {
  const path = resolve(import.meta.dirname, '../../..', file);
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
