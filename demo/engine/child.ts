import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import type { Readable } from 'node:stream';
import { type LineListener, readLines } from './lines.ts';
import { type GroupSample, killGroup, sampleGroup } from './process-group.ts';

/** How long a child may take to end after SIGTERM. */
const GRACE_MS = 2_000;
/** What holds its output open after it has ended (a process that left its group) is not waited for longer. */
const OUTPUT_AFTER_END_MS = 500;
/** The first sample comes soon, for the sake of the quick ones. */
const FIRST_SAMPLE_MS = 50;
const SAMPLE_MS = 250;
/** The shell stays through a SIGTERM to its group, to tell the times of what it ran. */
const SCRIPT = 'trap : TERM; "$@"; code=$?; times >&3; exit $code';

export interface Execution {
  readonly ok: boolean;
  /** What went wrong, for people; empty where nothing did. */
  readonly message: string;
  readonly durationMs: number;
  readonly cpuSeconds: number;
  /** The largest that was seen; 0 where it was over before it was looked at. */
  readonly memoryBytes: number;
}

export interface ChildOptions {
  /** What it is called among the processes of this machine. */
  readonly mark: string;
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  readonly onLine: LineListener;
}

/**
 * Runs a program as a child process of its own group, of which nothing is left when this resolves, and measures it:
 * bash's `times` tells what CPU seconds its children took
 * (https://www.gnu.org/software/bash/manual/bash.html#index-times), `ps` the memory, in samples. Never rejects.
 */
export async function runChild(command: readonly string[], options: ChildOptions): Promise<Execution> {
  const startedAt = performance.now();
  if (options.signal.aborted) return notStarted('was cancelled');
  let child: ReturnType<typeof spawn>;
  try {
    child = spawn('bash', ['-c', SCRIPT, options.mark, ...command], {
      cwd: options.cwd,
      env: { ...process.env, ...options.env },
      stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
      detached: true,
    });
  } catch (error) {
    return notStarted(`could not be started: ${error instanceof Error ? error.message : String(error)}`);
  }
  const { pid } = child;
  let ended: 'timeout' | 'cancelled' | null = null;
  let grace: ReturnType<typeof setTimeout> | undefined;
  const stop = (why: 'timeout' | 'cancelled') => {
    if (ended) return;
    ended = why;
    killGroup(pid, 'SIGTERM');
    grace = setTimeout(() => killGroup(pid, 'SIGKILL'), GRACE_MS);
  };
  const timer = setTimeout(() => stop('timeout'), options.timeoutMs);
  const cancel = () => stop('cancelled');
  options.signal.addEventListener('abort', cancel);
  const sampler = sample(pid);
  const [, stdout, stderr, measures] = child.stdio;
  if (stdout) readLines(stdout, (line) => options.onLine('out', line));
  if (stderr) readLines(stderr, (line) => options.onLine('err', line));
  let times = '';
  (measures as Readable | null | undefined)?.on('data', (chunk: Buffer) => {
    times += chunk.toString();
  });
  try {
    const end = await endOf(child);
    const message = explainEnd(end, ended, options);
    const { memoryBytes, cpuSeconds } = sampler.largest();
    return {
      ok: message === '',
      message,
      durationMs: performance.now() - startedAt,
      // What was killed with its shell leaves the samples alone.
      cpuSeconds: Math.max(cpuSecondsOf(times), cpuSeconds),
      memoryBytes,
    };
  } finally {
    clearTimeout(timer);
    clearTimeout(grace);
    sampler.stop();
    options.signal.removeEventListener('abort', cancel);
  }
}

interface End {
  readonly code: number | null;
  readonly signal: string | null;
  readonly error?: Error;
}

/** Resolves when the program has ended, all of its group with it, and its output was read. */
async function endOf(child: ReturnType<typeof spawn>): Promise<End> {
  return await new Promise((resolve) => {
    let patience: ReturnType<typeof setTimeout> | undefined;
    child.on('error', (error) => resolve({ code: null, signal: null, error }));
    child.on('exit', () => {
      killGroup(child.pid, 'SIGKILL');
      patience = setTimeout(() => {
        for (const stream of child.stdio) stream?.destroy();
      }, OUTPUT_AFTER_END_MS);
    });
    child.on('close', (code, signal) => {
      clearTimeout(patience);
      resolve({ code, signal });
    });
  });
}

function explainEnd(
  { code, signal, error }: End,
  ended: string | null,
  { cwd, timeoutMs }: ChildOptions,
): string {
  // Of a folder that is not there, the system says that the program is not.
  if (error && !existsSync(cwd)) return `could not be started: there is no folder ${cwd}`;
  if (error) return `could not be started: ${error.message}`;
  if (ended === 'timeout') return `took longer than ${timeoutMs / 1_000} s`;
  if (ended === 'cancelled') return 'was cancelled';
  if (signal) return `was killed by ${signal}`;
  if (code === 127) return 'its program was not found';
  return code === 0 ? '' : `ended with code ${code}`;
}

function notStarted(message: string): Execution {
  return { ok: false, message, durationMs: 0, cpuSeconds: 0, memoryBytes: 0 };
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

function sample(group: number | undefined): { largest(): GroupSample; stop(): void } {
  let largest: GroupSample = { memoryBytes: 0, cpuSeconds: 0 };
  let isStopped = group === undefined;
  const look = async () => {
    if (isStopped || group === undefined) return;
    const { memoryBytes, cpuSeconds } = await sampleGroup(group);
    largest = {
      memoryBytes: Math.max(memoryBytes, largest.memoryBytes),
      cpuSeconds: Math.max(cpuSeconds, largest.cpuSeconds),
    };
    if (!isStopped) timer = setTimeout(look, SAMPLE_MS);
  };
  let timer = setTimeout(look, FIRST_SAMPLE_MS);
  return {
    largest: () => largest,
    stop() {
      isStopped = true;
      clearTimeout(timer);
    },
  };
}
