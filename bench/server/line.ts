import { createServer, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { now } from '../shared/clock.ts';
import type { Usage } from './contract.ts';

/** The http server that a feed is on: its sockets counted, and the line cut and restored. */
export class Line {
  readonly http: Server = createServer((_request, response) => response.writeHead(404).end());
  readonly #sockets = new Set<Socket>();
  #port = 0;
  #bytesIn = 0;
  #bytesOut = 0;
  #most = 0;
  #acceptedAt = 0;

  constructor() {
    this.http.on('connection', (socket) => {
      this.#sockets.add(socket);
      this.#most = Math.max(this.#most, this.#sockets.size);
      this.#acceptedAt = now();
      socket.on('close', () => {
        this.#sockets.delete(socket);
        this.#bytesIn += socket.bytesRead;
        this.#bytesOut += socket.bytesWritten;
      });
    });
  }

  get acceptedAt(): number {
    return this.#acceptedAt;
  }

  async listen(port: number): Promise<number> {
    await new Promise<void>((listening) => this.http.listen(port, '127.0.0.1', listening));
    this.#port = (this.http.address() as AddressInfo).port;
    return this.#port;
  }

  async cut(): Promise<void> {
    const closed = new Promise((done) => this.http.close(done));
    for (const socket of this.#sockets) socket.resetAndDestroy();
    await closed;
  }

  async restore(): Promise<number> {
    await this.listen(this.#port);
    return now();
  }

  usage(): Omit<Usage, 'cpuMs' | 'rssBytes'> {
    let bytesIn = this.#bytesIn;
    let bytesOut = this.#bytesOut;
    for (const { bytesRead, bytesWritten } of this.#sockets) {
      bytesIn += bytesRead;
      bytesOut += bytesWritten;
    }
    return { connections: this.#sockets.size, mostConnections: this.#most, bytesIn, bytesOut };
  }
}
