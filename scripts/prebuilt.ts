import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import * as esbuild from 'esbuild';

const ROOT = resolve(import.meta.dirname, '..');

/**
 * Makes the modules of `src/prebuilt` files without imports, that work where they are copied to.
 *
 * @param built what the compiler made of the package
 */
export async function bundlePrebuilt(built: string): Promise<void> {
  const folder = join(built, 'src/prebuilt');
  const { metafile } = await esbuild.build({
    absWorkingDir: ROOT,
    entryPoints: ['page.js', 'hub.js', 'saved-state.js', 'service-worker.js'].map((file) =>
      join(folder, file),
    ),
    outdir: folder,
    allowOverwrite: true,
    bundle: true,
    minify: true,
    sourcemap: true,
    format: 'esm',
    target: 'es2022',
    metafile: true,
    legalComments: 'none',
    banner: { js: '/*! trunkline, MIT, with the libraries of LICENSES.txt */' },
  });
  const packages = new Set(
    Object.keys(metafile.inputs).flatMap(
      (file) => /^node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(file)?.[1] ?? [],
    ),
  );
  const licenses = [...packages].sort().map((name) => `== ${name}\n\n${licenseOf(name)}`);
  writeFileSync(join(folder, 'LICENSES.txt'), licenses.join('\n'));
}

/** Whoever passes a library on passes on its licence. */
function licenseOf(name: string): string {
  const folder = join(ROOT, 'node_modules', name);
  const file = readdirSync(folder).find((entry) => /^licen[cs]e(\.|$)/i.test(entry));
  if (!file) throw new Error(`${name} has no licence to pass on`);
  return readFileSync(join(folder, file), 'utf8');
}
