import { type IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';

/**
 * The way of WebSockets to the server, which can be cut: open ones are destroyed without a word, new ones refused.
 * Pages are still served, so that a visitor can reload one meanwhile.
 */
export class Line {
  /** Where the server attaches. It never listens: it hears of those requests that the line lets through. */
  readonly door = new Server();
  readonly #sockets = new Set<Duplex>();
  #cutUntil = 0;

  connect(front: Server): void {
    front.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
      if (this.cutForMs > 0) {
        socket.destroy();
        return;
      }
      this.#sockets.add(socket);
      socket.once('close', () => this.#sockets.delete(socket));
      this.door.emit('upgrade', request, socket, head);
    });
  }

  /** Answers how many connections it ended. */
  cut(ms: number): number {
    this.#cutUntil = Date.now() + ms;
    const ended = this.#sockets.size;
    for (const socket of this.#sockets) socket.destroy();
    return ended;
  }

  /** For how long it stays cut; 0 where it is whole. */
  get cutForMs(): number {
    return Math.max(0, this.#cutUntil - Date.now());
  }
}
