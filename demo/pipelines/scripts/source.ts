import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { promisify } from 'node:util';
import { bytes, table, target, writeSection } from './place.ts';

const LANGUAGES: Readonly<Record<string, string>> = {
  '.c': 'C',
  '.css': 'CSS',
  '.go': 'Go',
  '.html': 'HTML',
  '.js': 'JavaScript',
  '.json': 'JSON',
  '.jsx': 'JavaScript',
  '.md': 'Markdown',
  '.mjs': 'JavaScript',
  '.py': 'Python',
  '.rs': 'Rust',
  '.sh': 'Shell',
  '.svg': 'SVG',
  '.ts': 'TypeScript',
  '.tsx': 'TypeScript',
  '.yaml': 'YAML',
  '.yml': 'YAML',
};
const LIST_BYTES = 64 * 1_024 * 1_024;

const { stdout } = await promisify(execFile)(
  'git',
  ['-C', target, 'ls-files', '-z', '--cached', '--others', '--exclude-standard'],
  { maxBuffer: LIST_BYTES },
);
const languages = new Map<string, { files: number; lines: number; size: number }>();
let others = 0;
for (const file of stdout.split('\0').filter((name) => name !== '' && !name.endsWith('package-lock.json'))) {
  const language = LANGUAGES[extname(file)];
  if (!language) {
    others += 1;
    continue;
  }
  // A file that git knows may have been deleted.
  const text = await readFile(join(target, file), 'utf8').catch(() => null);
  if (text === null) continue;
  const sum = languages.get(language) ?? { files: 0, lines: 0, size: 0 };
  sum.files += 1;
  sum.lines += text.split('\n').filter((line) => line.trim() !== '').length;
  sum.size += Buffer.byteLength(text);
  languages.set(language, sum);
}
const rows = [...languages].sort(([, a], [, b]) => b.lines - a.lines);
await writeSection('source', {
  title: 'Source',
  gist: [
    rows
      .slice(0, 4)
      .map(
        ([language, { files, lines }]) =>
          `${language}: ${lines.toLocaleString('en')} lines in ${files} files`,
      )
      .join('; ') || 'no source that is known here',
  ],
  body: `${table(
    ['Language', 'Files', 'Lines that are not empty', 'Size'],
    rows.map(([language, { files, lines, size }]) => [
      language,
      files,
      lines.toLocaleString('en'),
      bytes(size),
    ]),
  )}\n\nOther files: ${others}.`,
});
