/** A gateway in this process, on ports of its own, with clients that speak the wire. */

import * as v from 'valibot';
import { onTestFinished } from 'vitest';
import { WebSocket } from 'ws';
import { configSchema } from '../../../../src/gateway/config/schema.ts';
import { type Gateway, type Parts, serve } from '../../../../src/gateway/serve.ts';
import { SUBPROTOCOL } from '../../../../src/protocol/version.ts';
import { memoryLog } from '../../../../src/server/index.ts';
import { WireClient } from '../../server/support/wire.ts';

export const KEY = 'the key of the control port';
export type ConfigInput = v.InferInput<typeof configSchema>;

export interface Running {
  readonly gateway: Gateway;
  readonly errors: string[];
  /** A client that is welcomed. */
  join(): Promise<WireClient>;
  get(path: string): Promise<{ status: number; body: unknown }>;
  post(path: string, body: unknown, headers?: HeadersInit): Promise<{ status: number; body: unknown }>;
}

/** It ends with the test. */
export async function running(
  config: Partial<ConfigInput> = {},
  parts: Partial<Parts> = {},
): Promise<Running> {
  const errors: string[] = [];
  const whole = v.parse(configSchema, {
    app: 'ops',
    listen: { port: 0 },
    control: { port: 0, key: { variable: 'KEY' } },
    allowedOrigins: ['none'],
    ...config,
  });
  const gateway = await serve(whole, {
    log: memoryLog(),
    logLimits: {},
    key: KEY,
    report: (error, about) => errors.push(`${about}: ${error}`),
    ...parts,
  });
  const clients: WireClient[] = [];
  onTestFinished(async () => {
    for (const { socket } of clients) socket.terminate();
    await gateway.close();
  });
  const ask = async (path: string, init: RequestInit) => {
    const authorization = `Bearer ${KEY}`;
    const response = await fetch(`${gateway.controlUrl}${path}`, {
      ...init,
      headers: { authorization, ...init.headers },
    });
    const isJson = response.headers.get('content-type') === 'application/json';
    return { status: response.status, body: isJson ? await response.json() : await response.text() };
  };
  return {
    gateway,
    errors,
    async join() {
      const client = new WireClient(new WebSocket(gateway.url, SUBPROTOCOL));
      clients.push(client);
      await client.opened;
      client.hello({ app_version: 1 });
      await client.next('welcome');
      return client;
    },
    get: async (path) => await ask(path, {}),
    post: async (path, body, headers = {}) =>
      await ask(path, { method: 'POST', body: JSON.stringify(body), headers }),
  };
}
