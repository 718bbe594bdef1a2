import { writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { readSection, target, work } from './place.ts';
import { SECTIONS } from './sections.ts';

const sections = await Promise.all(SECTIONS.map(readSection));
const lines = sections.flatMap(({ title, gist }) => [`${title}`, ...gist.map((line) => `- ${line}`), '']);
await writeFile(
  join(work, 'findings.md'),
  [`Findings in ${basename(target)}`, '', ...lines].join('\n').trimEnd(),
);
console.log(`summed up ${sections.length} parts`);
