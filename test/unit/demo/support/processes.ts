import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { eventually } from './workshop.ts';

/** The number of the process that writes it to `NAME.pid`, once it has: a shell makes a file before it writes to it. */
export async function pidIn(folder: string, name: string): Promise<number> {
  const pid = () => Number(textOf(join(folder, `${name}.pid`)));
  await eventually(() => pid() > 0);
  return pid();
}

/** Whether it still runs: one that has ended but that nobody has waited for is no process any more. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  if (!existsSync('/proc')) return true;
  const status = textOf(`/proc/${pid}/stat`);
  return status !== '' && !/\) Z/.test(status);
}

/** Nothing of a file that is not there, or not any more. */
function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
