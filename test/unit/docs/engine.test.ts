import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { expect, test } from 'vitest';

const ROOT = resolve(import.meta.dirname, '../../..');
const document = readFileSync(resolve(ROOT, 'docs/engine.md'), 'utf8');

test('each excerpt of the chapter on engines is what stands in the file that it names', () => {
  const excerpts = [...document.matchAll(/^```ts (\S+)\n(.*?)^```$/gms)];
  expect(excerpts.length).toBeGreaterThan(3);
  for (const [, file = '', text = ''] of excerpts)
    expect(readFileSync(resolve(ROOT, file), 'utf8'), file).toContain(text);
});

test('what the chapter says of LangGraph.js is said of the version that is installed', () => {
  const manifest = resolve(ROOT, 'node_modules/@langchain/langgraph/package.json');
  const { version }: { version: string } = JSON.parse(readFileSync(manifest, 'utf8'));
  const named = [...document.matchAll(/LangGraph\.js[^\n]*? (\d+\.\d+\.\d+)/g)].map(([, number]) => number);
  expect(named.length).toBeGreaterThan(1);
  expect(new Set(named)).toEqual(new Set([version]));
});
