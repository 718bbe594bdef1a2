/** What Linux tells of a browser's processes: no driver of Firefox or WebKit names them. */
import { readdirSync, readFileSync } from 'node:fs';

export interface Process {
  readonly pid: number;
  readonly name: string;
  readonly threads: readonly string[];
}

/** A process and all that it started, theirs included. */
export function processesOf(root: number): Process[] {
  if (process.platform !== 'linux') {
    throw new Error('Firefox and WebKit are run on Linux alone: their processes are found in /proc');
  }
  const children = new Map<number, number[]>();
  for (const entry of readdirSync('/proc')) {
    const stat = /^\d+$/.test(entry) && read(`/proc/${entry}/stat`);
    // The name before it, in brackets, may have spaces.
    const parent = stat && Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
    if (parent) children.set(parent, [...(children.get(parent) ?? []), Number(entry)]);
  }
  const family: number[] = [root];
  for (const pid of family) family.push(...(children.get(pid) ?? []));
  return family.map((pid) => ({
    pid,
    name: read(`/proc/${pid}/comm`).trim(),
    threads: threadsOf(pid).map((thread) => read(`/proc/${pid}/task/${thread}/comm`).trim()),
  }));
}

function threadsOf(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/task`);
  } catch {
    return [];
  }
}

/** Nothing where the process has ended meanwhile. */
function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

/** What must be one is one. */
export function only(processes: readonly Process[], what: string): Process {
  const [found, ...more] = processes;
  if (!found || more.length > 0) {
    throw new Error(
      `of ${what} there should be one, but there are ${processes.length}: ${JSON.stringify(processes)}`,
    );
  }
  return found;
}
