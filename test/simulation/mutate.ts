/**
 * Loaded ahead of the simulation, with the name of a mutant in `MUTANT`: the one file is changed as it is loaded. The
 * file on the disk stays as it is.
 */
import { readFileSync } from 'node:fs';
import { registerHooks, stripTypeScriptTypes } from 'node:module';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { MUTANTS } from './mutants/index.ts';
import { editsOf } from './mutants/mutant.ts';

const mutant = MUTANTS.find(({ name }) => name === process.env['MUTANT']);
if (!mutant) throw new Error(`there is no mutant ${JSON.stringify(process.env['MUTANT'])}`);
const changed = new Map<string, string>();
for (const { file, text, instead } of editsOf(mutant)) {
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
