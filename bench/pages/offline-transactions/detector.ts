import type { OnlineDetector } from '@tanstack/offline-transactions';

interface Socket {
  readonly readyState: number;
  addEventListener(type: 'open', listener: () => void): void;
}

/** Online is what the socket says: the browser's own events do not tell of a server that is gone. */
export class SocketDetector implements OnlineDetector {
  readonly #socket: Socket;
  readonly #listeners = new Set<() => void>();

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.addEventListener('open', () => this.notifyOnline());
  }

  isOnline(): boolean {
    return this.#socket.readyState === WebSocket.OPEN;
  }

  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  notifyOnline(): void {
    for (const listener of this.#listeners) listener();
  }

  dispose(): void {
    this.#listeners.clear();
  }
}
