import { expect } from 'vitest';
import { WebSocket } from 'ws';
import {
  parseServerMessage,
  type ServerFrame,
  type ServerFrameOf,
} from '../../../src/protocol/frames/index.ts';
import { SUBPROTOCOL } from '../../../src/protocol/version.ts';

/** A client that is nothing but a socket. Whatever the server says must parse. */
export interface RawClient {
  /** In one message: a frame, or an array of them. */
  send(...frames: object[]): void;
  sendRaw(message: string | Buffer): void;
  /** The next frame, which must be of this type. */
  next<T extends keyof ServerFrameOf>(type: T): Promise<ServerFrameOf[T]>;
  /** The next frame of this type; those before it are passed over. */
  until<T extends keyof ServerFrameOf>(type: T): Promise<ServerFrameOf[T]>;
  /** The close code. */
  readonly closed: Promise<number>;
  destroy(): void;
}

export async function open(
  url: string,
  { path, subprotocols = [SUBPROTOCOL] }: { path?: string; subprotocols?: string[] } = {},
): Promise<RawClient> {
  const socket = new WebSocket(path ? new URL(path, url) : url, subprotocols);
  const arrived: ServerFrame[] = [];
  let wake = () => {};
  const closed = new Promise<number>((resolve) => socket.on('close', resolve));
  socket.on('message', (data) => {
    for (const parsed of parseServerMessage(String(data))) {
      expect(parsed, String(data)).toMatchObject({ ok: true });
      if (parsed.ok) arrived.push(parsed.frame);
    }
    wake();
  });
  socket.on('close', () => wake());
  await new Promise<void>((resolve, reject) => {
    socket.once('open', resolve);
    socket.once('error', reject);
  });

  async function frame(): Promise<ServerFrame> {
    for (;;) {
      const next = arrived.shift();
      if (next) return next;
      if (socket.readyState === WebSocket.CLOSED) throw new Error('the socket is closed');
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
  }
  async function until<T extends keyof ServerFrameOf>(type: T): Promise<ServerFrameOf[T]> {
    for (;;) {
      const next = await frame();
      if (next.type === type) return next as ServerFrameOf[T];
    }
  }
  return {
    send: (...frames) => socket.send(JSON.stringify(frames.length === 1 ? frames[0] : frames)),
    sendRaw: (message) => socket.send(message),
    next: async (type) => {
      const next = await frame();
      expect(next.type, JSON.stringify(next)).toBe(type);
      return next as ServerFrameOf[typeof type];
    },
    until,
    closed,
    destroy: () => socket.terminate(),
  };
}
