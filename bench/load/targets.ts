/** What is loaded: the gateway, with compression and without, a peer of its kind, and one that does the least. */
import { randomUUID } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { WebSocket } from 'ws';
import type { Nchan } from '../../scripts/nchan.ts';
import { SUBPROTOCOL } from '../../src/protocol/version.ts';
import { lastingPort } from '../../testing/network/lasting-port.ts';
import { nchanConfiguration } from './nchan.ts';
import { listening, type Process, started } from './process.ts';

const MAIN = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));
const BARE_WS = fileURLToPath(new URL('bare-ws.ts', import.meta.url));
const KEY = 'the key of the control port';

export interface Subscriber {
  readonly socket: WebSocket;
  /** What has come on the wire so far. */
  bytes(): number;
}
export interface Target extends Process {
  readonly name: string;
  /** Resolves when it is given what comes from now on; `hear` has each message's text. */
  subscribe(hear: (text: string) => void): Promise<Subscriber>;
  /** Resolves when it is answered. */
  publish(events: readonly object[]): Promise<void>;
}

export async function gateway(folder: string, compresses: boolean): Promise<Target> {
  const name = compresses ? 'trunkline serve, perMessageDeflate' : 'trunkline serve';
  const args = ['--app', 'load', '--listen-port', '0', '--control-port', '0', '--allowed-origins', 'none'];
  const limits = ['--limits-connections-per-address', '100000', '--limits-handshakes', '100000'];
  const more = ['--log', `sqlite:${name.length}.db`, '--per-message-deflate', String(compresses)];
  const one = await started(
    process.execPath,
    [MAIN, 'serve', ...args, ...limits, ...more],
    /^listening on (\S+); control on (\S+)$/m,
    { cwd: folder, env: { TRUNKLINE_CONTROL_KEY: KEY } },
  );
  const [url = '', controlUrl = ''] = one.said;
  return {
    ...one,
    name,
    subscribe: (hear) =>
      new Promise((resolve, reject) => {
        const subscriber = connected(url, compresses, SUBPROTOCOL);
        const { socket } = subscriber;
        socket.once('error', reject);
        socket.once('open', () => {
          socket.send(
            JSON.stringify({ type: 'hello', client_id: randomUUID(), app: 'load', app_version: 1, term: 1 }),
          );
          socket.send(JSON.stringify({ type: 'subscribe', topic: 'load', ref: 1 }));
        });
        socket.on('message', (data) => {
          const text = data.toString();
          // The state as it was; what comes after it is new.
          if (text.includes('"type":"snapshot"')) resolve(subscriber);
          else hear(text);
        });
      }),
    publish: async (events) => {
      const headers = { authorization: `Bearer ${KEY}`, 'idempotency-key': randomUUID() };
      await post(`${controlUrl}/publish`, events, headers);
    },
  };
}

export async function bareWs(folder: string): Promise<Target> {
  const one = await started(process.execPath, [BARE_WS, join(folder, 'bare.db')], /^listening on (\d+)$/m, {
    cwd: folder,
  });
  return { ...one, name: 'bare ws', ...pushing(`127.0.0.1:${one.said[0]}`) };
}

/** @returns nchan, which keeps a batch for nobody: it goes to those who listen, and is forgotten */
export async function nchan(folder: string, { nginx, module }: Nchan): Promise<Target> {
  const port = await lastingPort();
  writeFileSync(join(folder, 'nginx.conf'), nchanConfiguration(module, port));
  const child = await listening(nginx, ['-p', folder, '-c', 'nginx.conf', '-e', 'stderr'], port);
  return { child, name: 'nchan', ...pushing(`127.0.0.1:${port}`) };
}

/** One who opens a socket is given each body that is posted from then on, as it is. */
function pushing(at: string): Pick<Target, 'subscribe' | 'publish'> {
  return {
    subscribe: (hear) =>
      new Promise((resolve, reject) => {
        const subscriber = connected(`ws://${at}/`, false);
        subscriber.socket.once('error', reject);
        subscriber.socket.once('open', () => resolve(subscriber));
        subscriber.socket.on('message', (data) => hear(data.toString()));
      }),
    publish: async (events) => await post(`http://${at}/`, events, {}),
  };
}

function connected(url: string, compresses: boolean, subprotocol?: string): Subscriber {
  const socket = new WebSocket(url, subprotocol, { perMessageDeflate: compresses });
  let line: Socket | null = null;
  socket.once('upgrade', (response) => {
    line = response.socket;
  });
  return { socket, bytes: () => line?.bytesRead ?? 0 };
}

async function post(url: string, events: readonly object[], headers: Record<string, string>): Promise<void> {
  const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify({ events }) });
  if (!response.ok) throw new Error(await response.text());
  await response.arrayBuffer();
}
