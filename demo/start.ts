/** `npm start`: what it is told is looked at first; then the library is built, whose published entries the demo imports. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { commandLine } from '../scripts/command-line.ts';
import { argumentsOf, START } from './server/arguments.ts';

commandLine(START, (given) => argumentsOf(given, process.cwd()));
const build = join(import.meta.dirname, '../scripts/build.ts');
const { status } = spawnSync(process.execPath, [build], { stdio: 'inherit' });
if (status === 0) await import('./main.ts');
else process.exitCode = status ?? 1;
