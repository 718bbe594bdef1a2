/** Requests for a WebSocket, by hand. */
import { request } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { World } from './wire.ts';

/** Asks for a WebSocket and reads the refusal; 101 where there is none. */
export async function ask(
  { http }: World,
  { path = '/', method = 'GET', ...headers }: Record<string, string> = {},
): Promise<{ status: number | undefined; body: string }> {
  return await new Promise((resolve, reject) => {
    const asked = request({
      port: (http.address() as AddressInfo).port,
      host: '127.0.0.1',
      path,
      method,
      headers: {
        connection: 'Upgrade',
        upgrade: 'websocket',
        'sec-websocket-version': '13',
        'sec-websocket-key': 'AAAAAAAAAAAAAAAAAAAAAA==',
        'sec-websocket-protocol': 'trunkline.v1',
        ...headers,
      },
    });
    asked.on('error', reject);
    asked.on('upgrade', (response, socket) => {
      socket.destroy();
      resolve({ status: response.statusCode, body: '' });
    });
    asked.on('response', (response) => {
      let body = '';
      response.on('data', (chunk) => {
        body += chunk;
      });
      response.on('end', () => resolve({ status: response.statusCode, body }));
    });
    asked.end();
  });
}
