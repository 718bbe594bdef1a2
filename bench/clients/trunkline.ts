import { randomUUID } from 'node:crypto';
import type { BenchEvent } from '../shared/events.ts';
import { makeCommand } from '../shared/events.ts';
import type { Told, Wire } from './wire.ts';

/** What it reads of `docs/protocol.md`'s frames. */
type Frame =
  | { readonly type: 'snapshot'; readonly last: boolean }
  | { readonly type: 'event'; readonly event: BenchEvent }
  | { readonly type: 'command_ack'; readonly id: string }
  | { readonly type: 'command_nack' | 'error' | 'goodbye' }
  | { readonly type: 'welcome' | 'subscribed' }
  | { readonly type: 'pong' };

export const trunklineWire: Wire = {
  path: '',
  subprotocols: ['trunkline.v1'],
  greet(socket) {
    const hello = { type: 'hello', client_id: randomUUID(), app: 'bench', app_version: 1, term: 1 };
    const request = { type: 'resync_request', topic: 'feed', ref: 1, last_seen: null };
    socket.send(JSON.stringify([hello, request]));
  },
  hear(text, _socket, told) {
    const message: Frame | readonly Frame[] = JSON.parse(text);
    if ('type' in message) take(message, told);
    else for (const frame of message) take(frame, told);
  },
  commandId: () => randomUUID(),
  sendCommand(socket, id, n) {
    const { type, text } = makeCommand(n);
    const frame = {
      type: 'command',
      id,
      topic: 'feed',
      priority: 'normal',
      created_at: Date.now(),
      attempt: 1,
      app_version: 1,
      command: { type, n, text },
    };
    socket.send(JSON.stringify(frame));
  },
  ping: (socket) => socket.send('{"type":"ping","id":1}'),
};

function take(frame: Frame, told: Told): void {
  switch (frame.type) {
    case 'event':
      return told.event(frame.event);
    case 'snapshot':
      return frame.last ? told.ready() : undefined;
    case 'command_ack':
      return told.answered(frame.id);
    case 'pong':
      return told.pong();
    case 'command_nack':
    case 'error':
    case 'goodbye':
      throw new Error(`the server refused: ${JSON.stringify(frame)}`);
    default:
  }
}
