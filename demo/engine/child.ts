import { execFile, spawn } from 'node:child_process';
import { promisify } from 'node:util';

/** How long a child may take to end after SIGTERM. */
const GRACE_MS = 2_000;
const SAMPLE_MS = 250;
/** Of one line; the rest is cut off. */
const LINE_CHARACTERS = 2_000;

export interface Execution {
  readonly ok: boolean;
  /** What went wrong, for people; empty where nothing did. */
  readonly message: string;
  readonly durationMs: number;
  readonly cpuSeconds: number;
  readonly memoryBytes: number;
}
export type LineListener = (stream: 'out' | 'err', line: string) => void;

/**
 * Runs a program as a child process of its own group, and measures it: bash's `times` tells what CPU seconds its
 * children took (https://www.gnu.org/software/bash/manual/bash.html#index-times), `ps` the memory, in samples.
 */
export async function runChild(
  command: readonly string[],
  options: {
    cwd: string;
    env: Record<string, string>;
    timeoutMs: number;
    signal: AbortSignal;
    onLine: LineListener;
  },
): Promise<Execution> {
  const startedAt = performance.now();
  const script = '"$@"; code=$?; times >&3; exit $code';
  const child = spawn('bash', ['-c', script, 'task', ...command], {
    cwd: options.cwd,
    env: { ...process.env, ...options.env },
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
    detached: true,
  });
  const { pid } = child;
  let memoryBytes = 0;
  let sampledCpuSeconds = 0;
  let times = '';
  let ended: 'timeout' | 'cancelled' | null = null;
  const stop = (why: 'timeout' | 'cancelled') => {
    ended ??= why;
    killGroup(pid, 'SIGTERM');
    setTimeout(() => killGroup(pid, 'SIGKILL'), GRACE_MS).unref();
  };
  const timer = setTimeout(() => stop('timeout'), options.timeoutMs);
  const cancel = () => stop('cancelled');
  options.signal.addEventListener('abort', cancel);
  const sampler = setInterval(async () => {
    const sample = pid === undefined ? null : await sampleGroup(pid);
    if (!sample) return;
    memoryBytes = Math.max(memoryBytes, sample.memoryBytes);
    sampledCpuSeconds = Math.max(sampledCpuSeconds, sample.cpuSeconds);
  }, SAMPLE_MS);
  const [, stdout, stderr, measures] = child.stdio;
  readLines(stdout, (line) => options.onLine('out', line));
  readLines(stderr, (line) => options.onLine('err', line));
  measures?.on('data', (chunk: Buffer) => {
    times += chunk.toString();
  });
  if (options.signal.aborted) cancel();
  try {
    const { code, signal, error } = await new Promise<{
      code: number | null;
      signal: string | null;
      error?: Error;
    }>((resolve) => {
      child.on('error', (error) => resolve({ code: null, signal: null, error }));
      child.on('close', (code, signal) => resolve({ code, signal }));
    });
    const message = explainEnd(code, signal, error, ended, options.timeoutMs);
    const durationMs = performance.now() - startedAt;
    // Rounded up to what `times` can tell: what was killed leaves the samples alone.
    const cpuSeconds = Math.max(cpuSecondsOf(times), sampledCpuSeconds);
    return { ok: message === '', message, durationMs, cpuSeconds, memoryBytes };
  } finally {
    clearTimeout(timer);
    clearInterval(sampler);
    options.signal.removeEventListener('abort', cancel);
  }
}

function explainEnd(
  code: number | null,
  signal: string | null,
  error: Error | undefined,
  ended: 'timeout' | 'cancelled' | null,
  timeoutMs: number,
): string {
  if (error) return `could not be started: ${error.message}`;
  if (ended === 'timeout') return `took longer than ${timeoutMs / 1_000} s`;
  if (ended === 'cancelled') return 'was cancelled';
  if (signal) return `was killed by ${signal}`;
  if (code === 127) return 'its program was not found';
  return code === 0 ? '' : `ended with code ${code}`;
}

/** The second line of `times` is of the children: `0m0.012s 0m0.004s`. */
function cpuSecondsOf(times: string): number {
  const line = times.trim().split('\n')[1] ?? '';
  let seconds = 0;
  for (const [, minutes, rest] of line.matchAll(/(\d+)m([\d.,]+)s/g)) {
    seconds += Number(minutes) * 60 + Number(rest?.replace(',', '.'));
  }
  return seconds;
}

const run = promisify(execFile);

/** Memory and CPU of all processes in a group; `null` where there are none any more. */
async function sampleGroup(group: number): Promise<{ memoryBytes: number; cpuSeconds: number } | null> {
  try {
    const { stdout } = await run('ps', ['-A', '-o', 'pgid=,rss=,time=']);
    let memoryBytes = 0;
    let cpuSeconds = 0;
    for (const line of stdout.split('\n')) {
      const [pgid, rss, time] = line.trim().split(/\s+/);
      if (Number(pgid) !== group) continue;
      memoryBytes += Number(rss) * 1_024;
      cpuSeconds += (time ?? '').split(/[:-]/).reduce((sum, part) => sum * 60 + Number(part), 0);
    }
    return memoryBytes > 0 ? { memoryBytes, cpuSeconds } : null;
  } catch {
    return null;
  }
}

function readLines(stream: unknown, onLine: (line: string) => void): void {
  const readable = stream as NodeJS.ReadableStream;
  let rest = '';
  readable.setEncoding('utf8');
  readable.on('data', (chunk: string) => {
    const lines = (rest + chunk).split('\n');
    rest = (lines.pop() ?? '').slice(0, LINE_CHARACTERS);
    for (const line of lines) onLine(line.slice(0, LINE_CHARACTERS));
  });
  readable.on('end', () => {
    if (rest !== '') onLine(rest);
  });
}

function killGroup(pid: number | undefined, signal: 'SIGTERM' | 'SIGKILL'): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, signal);
  } catch {
    // It is gone already.
  }
}
