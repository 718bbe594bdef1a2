import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);
/** For machines with many processes. */
const PS_OUTPUT_BYTES = 16 * 1_024 * 1_024;

export interface GroupSample {
  readonly memoryBytes: number;
  readonly cpuSeconds: number;
}

/** Memory and CPU of all processes in a group, as of now; zeros where it is gone, or `ps` is missing. */
export async function sampleGroup(group: number): Promise<GroupSample> {
  let memoryBytes = 0;
  let cpuSeconds = 0;
  for (const line of await ps(['pgid', 'rss', 'time'])) {
    const [pgid, rss, time] = line.trim().split(/\s+/);
    if (Number(pgid) !== group) continue;
    memoryBytes += Number(rss) * 1_024;
    cpuSeconds += cpuSecondsOf(time ?? '');
  }
  return { memoryBytes, cpuSeconds };
}

/** Ends the groups whose leader bears the mark; answers how many there were. */
export async function endMarkedGroups(mark: string): Promise<number> {
  let count = 0;
  for (const line of await ps(['pid', 'args'])) {
    const [, pid, args] = /^\s*(\d+) (.*)$/.exec(line) ?? [];
    if (pid === undefined || !args?.includes(` ${mark} `)) continue;
    killGroup(Number(pid), 'SIGKILL');
    count += 1;
  }
  return count;
}

export function killGroup(pid: number | undefined, signal: 'SIGTERM' | 'SIGKILL'): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, signal);
  } catch {
    // It is gone already.
  }
}

async function ps(columns: readonly string[]): Promise<string[]> {
  try {
    // An option each: after a `=`, some systems take a comma for a part of the column's title.
    const options = columns.flatMap((column) => ['-o', `${column}=`]);
    const { stdout } = await run('ps', ['-A', '-ww', ...options], { maxBuffer: PS_OUTPUT_BYTES });
    return stdout.split('\n');
  } catch {
    return [];
  }
}

/** `[days-][hours:]minutes:seconds`; macOS adds hundredths. */
function cpuSecondsOf(time: string): number {
  const [clock = '', days = '0'] = time.split('-').reverse();
  return Number(days) * 86_400 + clock.split(':').reduce((sum, part) => sum * 60 + Number(part), 0);
}
