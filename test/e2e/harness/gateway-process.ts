import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { lineOf } from '../../support/line-of.ts';
import { required } from './required.ts';

/** `trunkline serve` as the package has it, in a process of its own. */
export interface GatewayProcess {
  /** SIGKILL: nothing is written, nobody is told. */
  kill(): Promise<void>;
}

/** Where it keeps its log, below its folder. */
export const GATEWAY_LOG = 'gateway.db';

/** @param config what it is told, beside where its log is */
export async function startGateway(folder: string, config: object): Promise<GatewayProcess> {
  const file = join(folder, 'trunkline.json');
  writeFileSync(file, JSON.stringify({ log: `sqlite:${join(folder, GATEWAY_LOG)}`, ...config }));
  const cli = join(required('TRUNKLINE_E2E_APP'), '../node_modules/trunkline/dist/src/cli/main.js');
  const child: ChildProcess = spawn(process.execPath, [cli, 'serve', '--config', file], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  await lineOf(child, /^listening on \S+/m);
  return {
    async kill() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill('SIGKILL');
      await once(child, 'exit');
    },
  };
}
