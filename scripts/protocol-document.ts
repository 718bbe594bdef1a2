/** Reads `docs/protocol.md`: its tables and its examples, so that neither can drift from the schemas unnoticed. */
import { readFileSync } from 'node:fs';

export type Direction = 'client' | 'server';

/** A row of a table whose first column is `field`. */
export interface Field {
  /** With a path where it is nested: `failed[].code`. */
  readonly name: string;
  readonly optional: boolean;
  readonly type: string;
  readonly meaning: string;
}
/** One message. */
export interface Example {
  /** Who sends it. */
  readonly from: Direction;
  /** In `docs/protocol.md`. */
  readonly line: number;
  readonly text: string;
}
/** A `###` section (or what stands in a `##` section before its first one). */
export interface Section {
  /** Without backticks. */
  readonly title: string;
  /** The title of its `##` section. */
  readonly chapter: string;
  /** Its first paragraph. */
  readonly summary: string;
  readonly fields: readonly Field[];
  /** The rows of every other table, cell by cell. */
  readonly rows: readonly (readonly string[])[];
  /** Blocks of one frame, each in the direction of its chapter. */
  readonly frames: readonly Example[];
  /** Blocks of messages in order. */
  readonly traces: readonly (readonly Example[])[];
}

const DOCUMENT = new URL('../docs/protocol.md', import.meta.url);
const CHAPTERS_OF_FRAMES: Readonly<Record<string, Direction>> = {
  'Client to server': 'client',
  'Server to client': 'server',
};

export function readProtocolDocument(): Section[] {
  return parseProtocolDocument(readFileSync(DOCUMENT, 'utf8'));
}

type Open = { -readonly [K in keyof Section]: Section[K] extends readonly (infer T)[] ? T[] : Section[K] };
type Block = { readonly language: string; readonly line: number; readonly lines: string[] };

/** @throws Error for a line that is neither prose nor anything that can be checked. */
export function parseProtocolDocument(markdown: string): Section[] {
  const sections: Open[] = [];
  let section = openSection('', '');
  let block: Block | null = null;
  let columns: readonly string[] | null = null;
  let inSummary = false;
  for (const [index, line] of markdown.split('\n').entries()) {
    if (line.startsWith('```')) {
      if (block) addBlock(section, block);
      block = block ? null : { language: line.slice(3), line: index + 2, lines: [] };
    } else if (block) {
      block.lines.push(line);
    } else if (/^##?#? /.test(line)) {
      const title = line.replace(/^#+ /, '').replaceAll('`', '');
      section = openSection(title, line.startsWith('### ') ? section.chapter : title);
      sections.push(section);
      inSummary = true;
    } else if (!line.startsWith('|')) {
      columns = null;
      if (inSummary && line !== '') section.summary += section.summary === '' ? line : ` ${line}`;
      else if (section.summary !== '') inSummary = false;
    } else if (!columns) {
      columns = cells(line);
    } else if (!line.startsWith('|---')) {
      addRow(section, columns, cells(line));
    }
  }
  return sections;
}

function openSection(title: string, chapter: string): Open {
  return { title, chapter, summary: '', fields: [], rows: [], frames: [], traces: [] };
}

function cells(line: string): string[] {
  return line
    .split('|')
    .slice(1, -1)
    .map((cell) => cell.trim());
}

function addRow(section: Open, columns: readonly string[], row: readonly string[]): void {
  const [first = '', type = '', meaning = ''] = row;
  const name = /^`(?<name>[^`]+)`(?<optional>\?)?$/.exec(first)?.groups;
  if (columns[0] !== 'field' || !name?.['name']) section.rows.push(row);
  else section.fields.push({ name: name['name'], optional: name['optional'] !== undefined, type, meaning });
}

function addBlock(section: Open, { language, line, lines }: Block): void {
  if (language === 'json') {
    const from = CHAPTERS_OF_FRAMES[section.chapter];
    if (!from) throw new Error(`docs/protocol.md:${line}: a \`json\` block outside of the frames' chapters`);
    section.frames.push({ from, line, text: lines.join('\n') });
  } else if (language === 'trace') {
    section.traces.push(readTrace(line, lines));
  }
}

/** `→` from client to server, `←` from server to client, `·` a remark, indented: continues the line above. */
function readTrace(firstLine: number, lines: readonly string[]): Example[] {
  const messages: { from: Direction; line: number; text: string }[] = [];
  for (const [index, text] of lines.entries()) {
    const line = firstLine + index;
    const last = messages.at(-1);
    if (text.startsWith('→ ')) messages.push({ from: 'client', line, text: text.slice(2) });
    else if (text.startsWith('← ')) messages.push({ from: 'server', line, text: text.slice(2) });
    else if (text.startsWith('  ') && last) last.text += `\n${text}`;
    else if (!text.startsWith('· '))
      throw new Error(`docs/protocol.md:${line}: not a line of a trace: ${text}`);
  }
  return messages;
}
