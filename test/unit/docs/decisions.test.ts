import { readdirSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { expect, test } from 'vitest';

const FOLDER = resolve(import.meta.dirname, '../../../docs/decisions');

test('decisions are numbered one after the other, in their names, their titles and their list', () => {
  const files = readdirSync(FOLDER)
    .filter((file) => file !== 'index.md')
    .sort();
  const numbers = files.map((file) => Number(file.slice(0, 4)));
  expect(numbers).toEqual(files.map((_, at) => at + 1));
  const titles = files.map((file) => readFileSync(resolve(FOLDER, file), 'utf8').split('\n')[0]);
  expect(titles).toEqual(numbers.map((number) => expect.stringMatching(new RegExp(`^# ${number}\\. `))));
  const listed = titles.map((title = '', at) => title.replace(/^# (\d+\. )(.*)$/, `$1[$2](${files[at]})`));
  expect(readFileSync(resolve(FOLDER, 'index.md'), 'utf8').match(/^\d+\. .*$/gm)).toEqual(listed);
});
