import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

/** A way to one of several ports on this machine, which can be cut. */
export class Way {
  readonly #target: () => number | null;
  readonly #server: Server;
  readonly #pairs = new Set<readonly [Socket, Socket]>();
  #isCut = false;

  /** @param target asked for each connection; `null`: it is refused */
  constructor(target: () => number | null) {
    this.#target = target;
    this.#server = createServer((socket) => this.#carry(socket));
  }

  async listen(): Promise<void> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** What is open ends without a word; nothing new is let through until it is called with `false`. */
  cut(isCut: boolean): void {
    this.#isCut = isCut;
    if (!isCut) return;
    for (const pair of this.#pairs) for (const socket of pair) socket.destroy();
  }

  async close(): Promise<void> {
    this.cut(true);
    this.#server.close();
    await once(this.#server, 'close');
  }

  #carry(socket: Socket): void {
    const port = this.#isCut ? null : this.#target();
    socket.on('error', () => {});
    if (port === null) {
      socket.destroy();
      return;
    }
    const far = connect(port, '127.0.0.1');
    far.on('error', () => {});
    const pair = [socket, far] as const;
    this.#pairs.add(pair);
    for (const [one, other] of [pair, [far, socket] as const]) {
      one.pipe(other);
      one.once('close', () => {
        other.destroy();
        this.#pairs.delete(pair);
      });
    }
  }
}
