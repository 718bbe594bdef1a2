import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

export const TSC = resolve(import.meta.dirname, '../../../node_modules/.bin/tsc');

const STRICT = {
  target: 'ES2022',
  lib: ['ES2022', 'DOM'],
  strict: true,
  exactOptionalPropertyTypes: true,
  noUncheckedIndexedAccess: true,
  skipLibCheck: false,
  allowImportingTsExtensions: true,
  noEmit: true,
};

/** What the compiler says of these files of a consumer, every declaration file checked; nothing where they compile. */
export function compile(folder: string, name: string, options: object, files: readonly string[]): string {
  const config = join(folder, `tsconfig.${name}.json`);
  writeFileSync(config, JSON.stringify({ compilerOptions: { ...STRICT, ...options }, files }));
  const { stdout, stderr } = spawnSync(TSC, ['-p', config], { encoding: 'utf8', cwd: folder });
  return stdout + stderr;
}
