import { fork } from 'node:child_process';
import { once } from 'node:events';
import type { BenchServer, ServerKind } from '../server/contract.ts';
import { callsOf, type Remote } from '../server/remote.ts';

export interface ServerProcess {
  readonly calls: Remote<BenchServer>;
  readonly port: number;
  end(): Promise<void>;
}

/**
 * @param main The server's entry, as `buildPages` has it.
 * @param logFile Where it keeps what it remembers. In its memory where there is none.
 */
export async function startServerProcess(
  main: string,
  kind: ServerKind,
  logFile?: string,
): Promise<ServerProcess> {
  const child = fork(main, [kind, ...(logFile === undefined ? [] : [logFile])], {
    serialization: 'advanced',
  });
  const exited = once(child, 'exit');
  const calls = callsOf<BenchServer>(child);
  return {
    calls,
    port: await calls.listen(0),
    async end() {
      child.kill('SIGKILL');
      await exited;
    },
  };
}
