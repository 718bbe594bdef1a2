import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Results, tablesOf } from '../run/results.ts';
import { soakInWords } from '../soak/document.ts';
import { caseSections, machineInWords, summarySection, targetsTable } from './markdown.ts';
import { drawPlots, drawSummary } from './plots.ts';
import { summaryOf } from './summary.ts';
import { judge } from './targets.ts';

const DOCS = join(import.meta.dirname, '../../docs');
const IMAGES = 'images/benchmarks';

/** Writes the figures into `docs/benchmarks.md`, between its marks; the words around them are written by hand. */
export function writeDocument(results: Results): void {
  const tables = tablesOf(results);
  mkdirSync(join(DOCS, IMAGES), { recursive: true });
  const pictures = new Map<string, string>();
  const keep = (name: string, svg: string): string => {
    const path = `${IMAGES}/${name}.svg`;
    writeFileSync(join(DOCS, path), `${svg}\n`);
    return path;
  };
  for (const [name, svg] of drawPlots(tables)) pictures.set(name, keep(name, svg));
  const lines = summaryOf(tables);
  const summary = drawSummary(lines);
  const file = join(DOCS, 'benchmarks.md');
  const text = [
    ['summary', summarySection(lines, summary === null ? null : keep('summary', summary))],
    ['machine', machineInWords(results)],
    ['targets', targetsTable(judge(results))],
    ['cases', caseSections(tables, pictures)],
    ['soak', soakInWords() ?? 'Not measured yet.'],
  ].reduce((before, [mark = '', content = '']) => fill(before, mark, content), readFileSync(file, 'utf8'));
  writeFileSync(file, text);
}

function fill(text: string, mark: string, content: string): string {
  const begin = `<!-- ${mark} -->`;
  const end = `<!-- end of ${mark} -->`;
  const from = text.indexOf(begin);
  const to = text.indexOf(end);
  if (from === -1 || to < from) throw new Error(`docs/benchmarks.md has no place for "${mark}"`);
  return `${text.slice(0, from + begin.length)}\n\n${content}\n\n${text.slice(to)}`;
}
