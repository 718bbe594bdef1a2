import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { fileURLToPath } from 'node:url';
import { lineOf } from './line-of.ts';

const SCRIPT = fileURLToPath(new URL('../../docs/examples/gates_backend.py', import.meta.url));

/** `docs/examples/gates_backend.py`, with what it keeps in a folder. */
export interface GatesBackend {
  readonly port: number;
  /** What it has decided, as its database has it: `gate state`. */
  decided(): string[];
  openGate(gateId: string, topic: string): Promise<void>;
  /** SIGKILL: nothing is written, nobody is told. */
  kill(): Promise<void>;
}

export interface GatesBackendOptions {
  readonly folder: string;
  readonly secretFile: string;
  readonly gatewayUrl?: string;
  readonly keyFile?: string;
  /** 0 takes a free one. */
  readonly port?: number;
}

/** It needs no packages, so that any Python 3 will do. */
export async function startGatesBackend(options: GatesBackendOptions): Promise<GatesBackend> {
  const { folder, secretFile, gatewayUrl, keyFile, port = 0 } = options;
  const database = join(folder, 'gates.db');
  const child: ChildProcess = spawn(
    'python3',
    [
      ...[SCRIPT, '--port', String(port), '--database', database, '--secret-file', secretFile],
      ...(gatewayUrl === undefined ? [] : ['--gateway', gatewayUrl]),
      ...(keyFile === undefined ? [] : ['--key-file', keyFile]),
    ],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  );
  const [, url = ''] = await lineOf(child, /^listening on (\S+)$/m);
  return {
    port: Number(new URL(url).port),
    decided() {
      const db = new DatabaseSync(database, { readOnly: true });
      try {
        const rows = db.prepare("SELECT id, state FROM gates WHERE state <> 'open' ORDER BY id").all();
        return rows.map(({ id, state }) => `${id} ${state}`);
      } finally {
        db.close();
      }
    },
    async openGate(gateId, topic) {
      const response = await fetch(`${url}/gates`, {
        method: 'POST',
        body: JSON.stringify({ gateId, topic }),
      });
      if (!response.ok) throw new Error(`POST /gates was answered ${response.status}`);
    },
    async kill() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill('SIGKILL');
      await once(child, 'exit');
    },
  };
}
