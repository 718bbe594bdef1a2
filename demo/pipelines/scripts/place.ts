import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** What is audited. */
export const target = variable('TARGET');
/** The run's own folder. */
export const work = variable('WORK');

/** A section of the findings: a file for those who read, and its gist for the sum. */
export interface Section {
  readonly title: string;
  /** One line each. */
  readonly gist: readonly string[];
  /** Markdown. */
  readonly body: string;
}

export async function writeSection(name: string, section: Section): Promise<void> {
  await writeFile(join(work, `${name}.json`), JSON.stringify(section, null, 2));
  for (const line of section.gist) console.log(line);
}

export async function readSection(name: string): Promise<Section> {
  return JSON.parse(await readFile(join(work, `${name}.json`), 'utf8'));
}

export interface LockedPackage {
  readonly path: string;
  readonly name: string;
  readonly version: string;
  readonly license: string | undefined;
  readonly isForDevelopment: boolean;
}

/** The packages of the target's `package-lock.json`, without the target itself. */
export async function lockedPackages(): Promise<LockedPackage[]> {
  const lock: { packages?: Record<string, Record<string, unknown>> } = JSON.parse(
    await readFile(join(target, 'package-lock.json'), 'utf8'),
  );
  return Object.entries(lock.packages ?? {})
    .filter(([path]) => path.includes('node_modules/'))
    .map(([path, { version, license, dev }]) => ({
      path,
      name: path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length),
      version: String(version ?? '?'),
      license: typeof license === 'string' ? license : undefined,
      isForDevelopment: dev === true,
    }));
}

export function table(head: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  const line = (cells: readonly (string | number)[]) => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

export function bytes(count: number): string {
  if (count < 1_000) return `${count} B`;
  return count < 1_000_000 ? `${(count / 1_000).toFixed(1)} kB` : `${(count / 1_000_000).toFixed(1)} MB`;
}

function variable(name: string): string {
  const value = process.env[name];
  if (value === undefined) throw new Error(`${name} is not set: this is a step of a pipeline`);
  return value;
}
