import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import { bytes, table, target, writeSection } from './place.ts';

/** The files that a package's `exports` name for those who import it. */
const manifest: { exports?: Record<string, unknown>; peerDependencies?: Record<string, string> } = JSON.parse(
  await readFile(join(target, 'package.json'), 'utf8'),
);
/** What an application has by itself, beside what the platform has. */
const others = [...Object.keys(manifest.peerDependencies ?? {}), 'node:*'];
const entries = Object.entries(manifest.exports ?? {}).flatMap(([name, entry]) => {
  const file = typeof entry === 'string' ? entry : defaultOf(entry);
  return file?.endsWith('.js') ? [{ name, file: join(target, file) }] : [];
});
const built = entries.filter(({ file }) => existsSync(file));
const rows: [string, string, string][] = [];
for (const { name, file } of built) {
  const { outputFiles } = await build({
    entryPoints: [file],
    bundle: true,
    minify: true,
    write: false,
    format: 'esm',
    platform: name.includes('server') ? 'node' : 'browser',
    external: others,
    logLevel: 'silent',
  });
  const code = outputFiles[0]?.contents ?? new Uint8Array();
  rows.push([name, bytes(code.length), bytes(gzipSync(code, { level: 9 }).length)]);
}
const missing = entries.length - built.length;
await writeSection('bundles', {
  title: 'The built library',
  gist: [
    ...rows.map(([name, , zipped]) => `${name}: ${zipped} zipped`),
    ...(missing > 0 ? [`${missing} entries are not built`] : []),
    ...(entries.length === 0 ? ['this package exports no JavaScript'] : []),
  ],
  body: `Each entry with all that it imports but peer dependencies, minified by esbuild.\n\n${table(['Entry', 'Minified', 'Zipped'], rows)}`,
});

function defaultOf(entry: unknown): string | undefined {
  if (typeof entry !== 'object' || entry === null || !('default' in entry)) return undefined;
  return typeof entry.default === 'string' ? entry.default : undefined;
}
