/** A gateway in this process, on ports of its own, with clients that speak the wire. */

import * as v from 'valibot';
import { onTestFinished } from 'vitest';
import { WebSocket } from 'ws';
import { configSchema } from '../../../../src/gateway/config/schema.ts';
import { type Gateway, type Parts, serve } from '../../../../src/gateway/serve.ts';
import { SUBPROTOCOL } from '../../../../src/protocol/version.ts';
import { memoryLog } from '../../../../src/server/index.ts';
import { WireClient } from '../../server/support/wire.ts';

export interface Running {
  readonly gateway: Gateway;
  readonly errors: string[];
  /** A client that is welcomed. */
  join(): Promise<WireClient>;
  post(path: string, body: unknown): Promise<{ status: number; body: unknown }>;
}

/** It ends with the test. */
export async function running(
  config: Partial<v.InferInput<typeof configSchema>> = {},
  parts: Partial<Parts> = {},
): Promise<Running> {
  const errors: string[] = [];
  const whole = v.parse(configSchema, {
    app: 'ops',
    listen: { port: 0 },
    control: { port: 0 },
    allowedOrigins: ['none'],
    ...config,
  });
  const gateway = await serve(whole, {
    log: memoryLog(),
    report: (error, about) => errors.push(`${about}: ${error}`),
    ...parts,
  });
  const clients: WireClient[] = [];
  onTestFinished(async () => {
    for (const { socket } of clients) socket.terminate();
    await gateway.close();
  });
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
    async post(path, body) {
      const response = await fetch(`${gateway.controlUrl}${path}`, {
        method: 'POST',
        body: JSON.stringify(body),
      });
      return { status: response.status, body: await response.json() };
    },
  };
}
