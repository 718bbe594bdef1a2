import { fork } from 'node:child_process';
import { once } from 'node:events';
import type { BenchClients } from '../clients/contract.ts';
import type { ServerKind } from '../server/contract.ts';
import { callsOf, type Remote } from '../server/remote.ts';

export interface Clients {
  readonly calls: Remote<BenchClients>;
  end(): Promise<void>;
}

/** @param main The clients' entry, as `buildPages` has it. */
export function startClients(main: string, kind: ServerKind, url: string): Clients {
  const child = fork(main, [kind, url], { serialization: 'advanced' });
  const exited = once(child, 'exit');
  return {
    calls: callsOf<BenchClients>(child),
    async end() {
      child.kill('SIGKILL');
      await exited;
    },
  };
}
