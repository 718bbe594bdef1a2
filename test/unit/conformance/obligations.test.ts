import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { CASES } from '../../../src/conformance/cases/index.ts';
import { RULES } from '../../../src/conformance/rules/table.ts';

const onOneLine = (text: string) => text.replaceAll(/\s+/g, ' ');
const document = onOneLine(
  readFileSync(new URL('../../../docs/protocol.md', import.meta.url), 'utf8').replaceAll(/^ *> /gm, ''),
);
const all = [...CASES, ...RULES];

test('every obligation that is judged stands in the document, word for word', () => {
  expect(all.filter(({ sentence }) => !document.includes(onOneLine(sentence)))).toEqual([]);
});

test('no two obligations have one name, and each has a theme', () => {
  const ids = all.map(({ id }) => id);
  expect(ids).toEqual([...new Set(ids)]);
  expect(ids.filter((id) => !/^[a-z]+\/[a-z-]+$/.test(id))).toEqual([]);
});
