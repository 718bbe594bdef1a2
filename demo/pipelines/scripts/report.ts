import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readSection, target, work } from './place.ts';
import { SECTIONS } from './sections.ts';

const sections = await Promise.all(SECTIONS.map(readSection));
const parts = sections.map(
  ({ title, gist, body }) => `## ${title}\n\n${gist.map((line) => `- ${line}`).join('\n')}\n\n${body}\n`,
);
const path = join(work, 'report.md');
await writeFile(path, `# Audit of ${target}\n\n${new Date().toISOString()}\n\n${parts.join('\n')}`);
console.log(`wrote ${path}`);
