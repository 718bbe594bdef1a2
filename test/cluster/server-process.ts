/**
 * A server of a test's own, with a folder of its own: the child of a shell that starts it at each line of its input, and waits for
 * the end of that, which comes with the end of this process, however it dies: the shell then ends the server and takes its
 * folder away. On Linux.
 */
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';

/** As whom a server runs: nothing in it, as this process. */
export interface Identity {
  readonly uid?: number;
  readonly gid?: number;
}

/** What starts a server and starts it again, and ends it along with the process that asked for it, stopped or not. */
const GUARD = `
folder=$1
shift
while read -r _; do
  wait
  "$@" >>"$folder/server.log" 2>&1 &
  server=$!
  echo "$server"
done
[ -n "$server" ] && [ -d "/proc/$server" ] && kill -STOP "$server" &&
  kill -KILL $(cat "/proc/$server/task/$server/children") "$server"
wait
# Whoever was killed may be writing for a moment yet.
until rm -rf "$folder"; do sleep 0.1; done
`;

export class ServerProcess {
  readonly folder: string;
  readonly #guard: ChildProcessByStdio<Writable, Readable, null>;
  #pid = 0;

  /** It is not started yet. `command` is asked for what starts it in the folder that was made for it. */
  constructor(name: string, command: (folder: string) => readonly string[], identity: Identity = {}) {
    this.folder = mkdtempSync(join(tmpdir(), `trunkline-${name}-`));
    giveAway(this.folder, identity);
    this.#guard = spawn('sh', ['-c', GUARD, 'guard', this.folder, ...command(this.folder)], {
      ...identity,
      cwd: '/',
      stdio: ['pipe', 'pipe', 'ignore'],
    });
  }

  /** Of the process that all of its others are children of. */
  get pid(): number {
    return this.#pid;
  }

  /** The end of what it has said. */
  get log(): string {
    return readFileSync(join(this.folder, 'server.log'), 'utf8').slice(-2_000);
  }

  /** Starts it, or starts it again once it was killed. */
  async launch(): Promise<void> {
    const started = once(this.#guard.stdout, 'data');
    this.#guard.stdin.write('\n');
    const [line]: unknown[] = await started;
    this.#pid = Number(String(line));
  }

  /** To the server first, so that it starts no other process, then to its children. */
  signal(signal: NodeJS.Signals): void {
    const children = readFileSync(`/proc/${this.#pid}/task/${this.#pid}/children`, 'utf8').split(' ');
    for (const each of [this.#pid, ...children.filter(Boolean).map(Number)]) {
      try {
        process.kill(each, signal);
      } catch (error) {
        if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
      }
    }
  }

  /** Ends it, whatever state it is in, and takes its folder away. */
  async stop(): Promise<void> {
    if (this.#guard.exitCode !== null) return;
    const ended = once(this.#guard, 'exit');
    this.#guard.stdin.end();
    await ended;
  }
}

export function giveAway(path: string, { uid, gid }: Identity): void {
  if (uid !== undefined && gid !== undefined) chownSync(path, uid, gid);
}
