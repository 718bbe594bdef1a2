/** A server as a process of its own, and what it takes of the machine (Linux). */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

export interface Process {
  readonly child: ChildProcess;
}
export interface Started extends Process {
  /** What the pattern has found in what it says. */
  readonly said: readonly string[];
}

/** Resolves when it has said that it listens. */
export async function started(
  command: string,
  args: readonly string[],
  pattern: RegExp,
  { cwd, env = {} }: { cwd: string; env?: Record<string, string> },
): Promise<Started> {
  const child = spawn(command, args, {
    cwd,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  for await (const chunk of child.stdout) {
    output += chunk;
    const [, ...said] = pattern.exec(output) ?? [];
    if (said.length > 0) return { child, said };
  }
  throw new Error(`${command} ${args[0]} did not start: ${output}`);
}

/** Resolves when it listens on that port of 127.0.0.1. */
export async function listening(
  command: string,
  args: readonly string[],
  port: number,
): Promise<ChildProcess> {
  const child = spawn(command, args, { stdio: ['ignore', 'ignore', 'inherit'] });
  await once(child, 'spawn');
  while (child.exitCode === null && child.signalCode === null) {
    const socket = connect(port, '127.0.0.1');
    try {
      await once(socket, 'connect');
      return child;
    } catch {
      await sleep(20);
    } finally {
      socket.destroy();
    }
  }
  throw new Error(`${command} ${args.join(' ')} did not start`);
}

export async function ended({ child }: Process): Promise<void> {
  child.kill('SIGKILL');
  await once(child, 'exit');
}

const TICK_MS = 10;

/** Its CPU time so far, milliseconds, of all of its threads. */
export function cpuMs({ child }: Process): number {
  const text = readFileSync(`/proc/${child.pid}/stat`, 'utf8');
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * TICK_MS;
}

/** Its resident memory, MiB. */
export function memoryMiB({ child }: Process): number {
  const text = readFileSync(`/proc/${child.pid}/status`, 'utf8');
  return Math.round(Number(/^VmRSS:\s+(\d+) kB/m.exec(text)?.[1]) / 1_024);
}
