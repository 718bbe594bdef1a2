import { once } from 'node:events';
import { expect, test } from 'vitest';
import { WebSocketServer } from 'ws';
import { Line } from '../../../src/conformance/line.ts';
import { Watch } from '../../../src/conformance/rules/watch.ts';

test('a request for a topic that is answered by an error is given up at once', async () => {
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0, handleProtocols: () => 'trunkline.v1' });
  await once(server, 'listening');
  server.on('connection', (socket) =>
    socket.on('message', (text) => {
      const { topic, ref } = JSON.parse(String(text));
      socket.send(
        JSON.stringify({ type: 'error', code: 'internal', message: 'no disk', topic, ref, ended: true }),
      );
    }),
  );
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('a port has no number');
  const line = new Line(`ws://127.0.0.1:${address.port}/`, {
    // Longer than a test may take.
    patienceMs: 600_000,
    ear: new Watch().ear('a case', () => ({ lines: [] })),
  });
  await line.opened();
  await expect(line.subscribe('topic:1')).rejects.toThrow(
    'request 1 of topic topic:1 was answered by `error` internal (no disk)',
  );
  line.cut();
  server.close();
  await once(server, 'close');
});
