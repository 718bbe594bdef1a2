/** A real NATS cluster of a test's own: three nodes with JetStream, on loopback, with a password. */

import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { findNats } from '../../scripts/nats.ts';
import { lastingPort } from '../../testing/network/lasting-port.ts';
import { ServerProcess } from './server-process.ts';

export const USER = 'trunkline';

export class NatsNode {
  readonly name: string;
  readonly port: number;
  readonly #process: ServerProcess;

  constructor(name: string, port: number, process: ServerProcess) {
    this.name = name;
    this.port = port;
    this.#process = process;
  }

  /** Abruptly; `restart` brings it back with what it had. */
  kill(): void {
    this.#process.signal('SIGKILL');
  }

  async restart(): Promise<void> {
    await this.#process.launch();
  }

  pause(): void {
    this.#process.signal('SIGSTOP');
  }

  resume(): void {
    this.#process.signal('SIGCONT');
  }

  async stop(): Promise<void> {
    await this.#process.stop();
  }
}

/** The name of the node that leads the stream; `null` where none does, or it cannot be asked for. */
export async function leaderOf(
  stream: string,
  { nodes, password }: { readonly nodes: readonly NatsNode[]; readonly password: string },
): Promise<string | null> {
  const servers = nodes.map(({ port }) => `127.0.0.1:${port}`);
  const connection = await connect({ servers, user: USER, pass: password });
  try {
    const manager = await jetstreamManager(connection, { checkAPI: false });
    return (await manager.streams.info(stream)).cluster?.leader ?? null;
  } catch {
    return null;
  } finally {
    await connection.close();
  }
}

/** Nodes that hold nothing; JetStream is there once they have elected a leader, which takes some seconds. */
export async function startNatsCluster(): Promise<{ nodes: readonly NatsNode[]; password: string }> {
  const password = randomBytes(16).toString('hex');
  const names = ['one', 'two', 'three'];
  const ports: { client: number; route: number }[] = [];
  for (const _ of names) ports.push({ client: await lastingPort(), route: await lastingPort() });
  const routes = ports.map(({ route }) => `nats-route://127.0.0.1:${route}`).join(', ');
  const binary = findNats();
  if (binary === null) throw new Error('no nats-server here: node scripts/ensure-nats.ts');
  const nodes = names.map((name, i) => {
    const { client = 0, route = 0 } = ports[i] ?? {};
    // A client is told of no other node: it would go around the ways that it was given, which a test cuts.
    const process = new ServerProcess('nats', (folder) => {
      const file = join(folder, 'nats.conf');
      writeFileSync(
        file,
        `server_name: ${name}
listen: "127.0.0.1:${client}"
authorization { user: ${USER}, password: "${password}" }
jetstream { store_dir: "${folder}" }
cluster { name: trunkline, listen: "127.0.0.1:${route}", routes: [${routes}], no_advertise: true }
`,
      );
      return [binary, '-c', file];
    });
    return new NatsNode(name, client, process);
  });
  await Promise.all(nodes.map((node) => node.restart()));
  return { nodes, password };
}
