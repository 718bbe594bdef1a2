import { WebSocket } from 'ws';
import type { ManualClock } from '../../../testing/fakes/clock.ts';
import type { Lifetime } from '../../../testing/fakes/lifetime.ts';
import { FakeNetwork } from '../../../testing/fakes/network.ts';
import type { Socket } from '../../../worker/shell/platform.ts';

/** A made browser's way to real servers: its sockets are real ones. */
export class RealNetwork extends FakeNetwork {
  readonly #clock: ManualClock;
  readonly #origin: string | undefined;

  constructor(clock: ManualClock, origin?: string) {
    super(clock);
    this.#clock = clock;
    this.#origin = origin;
  }

  override open(life: Lifetime, url: string, subprotocol: string | null = null): Socket {
    return new RealSocket(this.#clock, life, url, subprotocol, this.#origin);
  }
}

/** A socket of Node, whose events come when the made browser's clock lets them. */
class RealSocket extends EventTarget implements Socket {
  binaryType: BinaryType = 'arraybuffer';
  readonly #socket: WebSocket;

  constructor(
    clock: ManualClock,
    life: Lifetime,
    url: string,
    subprotocol: string | null,
    origin: string | undefined,
  ) {
    super();
    const socket = new WebSocket(url, subprotocol ?? [], origin === undefined ? {} : { origin });
    this.#socket = socket;
    const happen = (event: Event) => clock.post(this, () => life.run(() => this.dispatchEvent(event)));
    socket.on('open', () => happen(new Event('open')));
    socket.on('message', (data) => happen(new MessageEvent('message', { data: String(data) })));
    socket.on('close', (code, reason) =>
      happen(Object.assign(new Event('close'), { code, reason: String(reason) })),
    );
    // `close` follows.
    socket.on('error', () => {});
    life.atEnd(() => socket.terminate());
  }

  get readyState(): WebSocket['readyState'] {
    return this.#socket.readyState;
  }

  get bufferedAmount(): number {
    return this.#socket.bufferedAmount;
  }

  send(data: string | ArrayBufferLike | Blob | ArrayBufferView): void {
    this.#socket.send(String(data), () => {});
  }

  close(code?: number, reason?: string): void {
    this.#socket.close(code, reason);
  }
}
