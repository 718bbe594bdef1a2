import { copyFileSync, existsSync } from 'node:fs';

/**
 * What a process that dies at this moment leaves of its SQLite log, at a path of its own: within one process the log itself
 * stays locked for as long as it is open.
 */
export function leftBehind(path: string): string {
  const copy = `${path}-left`;
  for (const end of ['', '-wal', '-mark']) if (existsSync(path + end)) copyFileSync(path + end, copy + end);
  return copy;
}
