/** Which socket is the live one, and what of it is still heard. */
import type { Message } from '../core/dialect/dialect.ts';
import type { Input } from '../core/io.ts';
import type { Platform, Socket } from './platform.ts';

/** The browser's own code for a socket that was lost or never came to be. */
const ABNORMAL_CLOSURE = 1006;
/** `WebSocket.CONNECTING`. */
const CONNECTING = 0;

interface Live {
  readonly generation: number;
  readonly socket: Socket;
  /** Aborted when the socket is not listened to any more. */
  readonly unheard: AbortController;
}

/**
 * The one place for the hub's one socket. Every call names the generation that it is meant for; a call for any other is
 * late, and nothing happens.
 */
export class SocketSlot {
  readonly #open: Platform['openSocket'];
  readonly #feed: (input: Input) => void;
  #live: Live | null = null;

  constructor(open: Platform['openSocket'], feed: (input: Input) => void) {
    this.#open = open;
    this.#feed = feed;
  }

  /** There is never a second socket: whatever is still in the slot is dropped. */
  open(generation: number, url: string, subprotocol: string | null): void {
    this.clear();
    let socket: Socket;
    try {
      socket = this.#open(url, subprotocol);
    } catch (error) {
      // The browser's own message quotes the URL, which may hold the application's secrets.
      const name = error instanceof DOMException ? error.name : 'Error';
      const reason = `the browser refused the socket (${name}); check its URL, and connect-src`;
      this.#feed({ type: 'socket_closed', generation, code: ABNORMAL_CLOSURE, reason });
      return;
    }
    // A Blob could only be read later, out of order.
    socket.binaryType = 'arraybuffer';
    const unheard = new AbortController();
    const { signal } = unheard;
    this.#live = { generation, socket, unheard };
    socket.addEventListener('open', () => this.#feed({ type: 'socket_opened', generation }), { signal });
    socket.addEventListener(
      'message',
      ({ data }: MessageEvent<string | ArrayBuffer>) =>
        this.#feed({
          type: 'socket_message',
          generation,
          data: typeof data === 'string' ? data : new Uint8Array(data),
        }),
      { signal },
    );
    socket.addEventListener(
      'close',
      ({ code, reason }) => {
        this.drop(generation);
        this.#feed({ type: 'socket_closed', generation, code, reason });
      },
      { signal },
    );
  }

  write(generation: number, message: Message): void {
    const socket = this.#of(generation);
    // Before it is open, `send` would throw; after it was open, the browser discards what is sent, and `close` follows.
    if (socket && socket.readyState !== CONNECTING) socket.send(message);
  }

  /** `socket_closed` follows; messages do not, since a socket that is closing drops them. */
  close(generation: number, code: number, reason: string): void {
    const socket = this.#of(generation);
    try {
      socket?.close(code, reason);
    } catch {
      // Browsers refuse codes but 1000 and 3000 to 4999, and reasons beyond 123 bytes.
      socket?.close();
    }
  }

  drop(generation: number): void {
    if (this.#of(generation)) this.clear();
  }

  clear(): void {
    this.#live?.unheard.abort();
    this.#live?.socket.close();
    this.#live = null;
  }

  measure(generation: number): void {
    const socket = this.#of(generation);
    if (socket) this.#feed({ type: 'socket_measured', generation, bufferedBytes: socket.bufferedAmount });
  }

  #of(generation: number): Socket | undefined {
    return this.#live?.generation === generation ? this.#live.socket : undefined;
  }
}
