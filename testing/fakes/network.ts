/** What becomes of the sockets and messages of a network that is made by hand. */
import type { Inbound, Peer } from '../../src/server/core/peer.ts';
import type { Socket } from '../../worker/shell/platform.ts';
import type { ManualClock } from './clock.ts';
import type { Lifetime } from './lifetime.ts';

/** What a server does with a socket that comes; the wire is the whole of it, for those who cut it. */
export type Accept = (peer: Peer, url: string, wire: Wire) => Inbound;

const CONNECTING = 0;
const OPEN = 1;
const CLOSING = 2;
const CLOSED = 3;
/** After so long a peer that does not answer the closing handshake is cut off, as `ws` does. */
const CLOSE_TIMEOUT_MS = 30_000;

/** One direction of a socket. */
interface Way {
  /** When all that was sent has left, by the time that has passed. */
  freeAt: number;
  /** When the last of it arrives: nothing overtakes what was sent before, whatever becomes of the latency. */
  arrivesAt: number;
}

/** One socket from end to end. */
export interface Wire {
  readonly url: string;
  readonly life: Lifetime;
  /** Whether the server holds it for connected. */
  readonly isAccepted: boolean;
  /** Whether the browser holds it, connecting or open. */
  readonly isHeld: boolean;
  /** Whether neither end has noticed an end. */
  readonly isOver: boolean;
  /** Both ends hear of it: abnormal closure, 1006. What is under way is lost. */
  cut(): void;
  /** Nothing passes any more, and nobody is told. */
  vanish(): void;
}

/** The way between browsers and the one server. */
export class FakeNetwork {
  readonly #clock: ManualClock;
  readonly #wires = new Set<FakeSocket>();
  /** Who takes new sockets. `null`: they are refused. */
  server: Accept | null = null;
  /** Each way, for what is sent from now on. */
  latencyMs = 0;
  /** What each connection carries, each way; `null`: anything at once. */
  bytesPerSecond: number | null = null;
  /** Called with every message of a client as it is written, also where the socket takes nothing any more. */
  written: (text: string) => void = () => {};
  /** Called with every message that arrives. */
  heard: (wire: Wire, direction: 'up' | 'down', text: string) => void = () => {};
  /** What becomes of a message of the server on its way. */
  tamper: (wire: Wire, text: string) => string = (_wire, text) => text;

  constructor(clock: ManualClock) {
    this.#clock = clock;
  }

  /** Those whose end somebody has not noticed yet. */
  get wires(): readonly Wire[] {
    return [...this.#wires];
  }

  /** What is spoken is not asked: the one server knows. */
  open(life: Lifetime, url: string, _subprotocol: string | null = null): Socket {
    const socket = new FakeSocket(this.#clock, this, life, url, () => this.#wires.delete(socket));
    if (socket.isHeld) this.#wires.add(socket);
    return socket;
  }

  cut(): void {
    for (const wire of this.wires) wire.cut();
  }
}

/** The client's WebSocket, with the server's end behind it. */
class FakeSocket extends EventTarget implements Wire {
  readonly url: string;
  readonly life: Lifetime;
  binaryType: BinaryType = 'blob';
  readyState: 0 | 1 | 2 | 3 = CONNECTING;
  #clock: ManualClock;
  #network: FakeNetwork;
  #over: () => void;
  #server: Inbound | null = null;
  /** Was sent while the way is lost. */
  #stuckBytes = 0;
  #vanished = false;
  #serverGone = false;
  readonly #up: Way = { freeAt: 0, arrivesAt: 0 };
  readonly #down: Way = { freeAt: 0, arrivesAt: 0 };

  constructor(clock: ManualClock, network: FakeNetwork, life: Lifetime, url: string, over: () => void) {
    super();
    this.url = url;
    this.life = life;
    this.#clock = clock;
    this.#network = network;
    this.#over = over;
    // What runs to its end after the death of its process reaches nobody.
    if (life.isDead) this.readyState = CLOSED;
    // A dead process's sockets are closed by its system, unless the way there is lost.
    life.atEnd(() => this.#leave(1006));
    this.#pass(this.#up, () => this.#connect());
  }

  get isHeld(): boolean {
    return this.readyState < CLOSING;
  }

  get isAccepted(): boolean {
    return this.#server !== null && !this.#serverGone;
  }

  get isOver(): boolean {
    return this.readyState === CLOSED && !this.isAccepted;
  }

  send(data: unknown): void {
    const text = String(data);
    this.#network.written(text);
    if (this.readyState !== OPEN) return;
    if (this.#vanished) this.#stuckBytes += text.length;
    this.#pass(
      this.#up,
      () => {
        if (!this.isAccepted) return;
        this.#network.heard(this, 'up', text);
        this.#server?.message(text);
      },
      text.length,
    );
  }

  get bufferedAmount(): number {
    return this.#stuckBytes + this.#waiting(this.#up);
  }

  close(code = 1005, reason = ''): void {
    if (this.readyState >= CLOSING) return;
    this.readyState = CLOSING;
    this.#pass(this.#up, () => {
      this.#serverEnds();
      this.#pass(this.#down, () => this.#closed(code, reason));
    });
  }

  cut(): void {
    this.#serverEnds();
    this.#closed(1006, '');
  }

  vanish(): void {
    this.#vanished = true;
  }

  #connect(): void {
    const { server } = this.#network;
    if (this.readyState !== CONNECTING) return;
    if (!server) return this.#pass(this.#down, () => this.#closed(1006, ''));
    this.#pass(this.#down, () => {
      if (this.readyState !== CONNECTING) return;
      this.readyState = OPEN;
      this.#tell('open', {});
    });
    this.#server = server(this.#peer(), this.url, this);
  }

  #peer(): Peer {
    return {
      address: '',
      send: (text) => {
        if (this.#serverGone) return;
        this.#pass(
          this.#down,
          () => {
            if (this.readyState !== OPEN) return;
            const data = this.#network.tamper(this, text);
            this.#network.heard(this, 'down', data);
            this.#tell('message', { data });
          },
          text.length,
        );
        if (this.#waiting(this.#down) === 0) return;
        this.#clock.setTimer(this.#down.freeAt - this.#clock.elapsed, () => {
          if (this.isAccepted) this.#server?.drained();
        });
      },
      bufferedBytes: () => this.#waiting(this.#down),
      mark: () => {
        this.#pass(this.#down, () => {
          if (this.readyState !== OPEN) return;
          this.#pass(this.#up, () => this.isAccepted && this.#server?.reached());
        });
      },
      close: (code, reason) => {
        this.#pass(this.#down, () => {
          this.#closed(code, reason);
          this.#pass(this.#up, () => this.#serverEnds());
        });
        this.#clock.setTimer(CLOSE_TIMEOUT_MS, () => this.#serverEnds());
      },
      terminate: () => {
        this.#serverEnds();
        this.#pass(this.#down, () => this.#closed(1006, ''));
      },
    };
  }

  /** The client's process, or its browser, gives the socket up. */
  #leave(code: number): void {
    this.readyState = CLOSED;
    this.#pass(this.#up, () => this.#serverEnds());
    this.#closed(code, '');
  }

  #serverEnds(): void {
    if (this.#serverGone) return;
    this.#serverGone = true;
    this.#server?.closed();
    if (this.readyState >= CLOSING) this.#over();
  }

  #closed(code: number, reason: string): void {
    const before = this.readyState;
    this.readyState = CLOSED;
    if (!this.isAccepted) this.#over();
    if (before !== CLOSED) this.#tell('close', { code, reason });
  }

  /** On its way for as long as the network takes, behind what was sent before; lost where the way is. */
  #pass(way: Way, arrive: () => void, bytes = 0): void {
    const { latencyMs, bytesPerSecond } = this.#network;
    const { elapsed } = this.#clock;
    const sendingMs = bytesPerSecond === null ? 0 : (bytes / bytesPerSecond) * 1_000;
    way.freeAt = Math.max(way.freeAt, elapsed) + sendingMs;
    way.arrivesAt = Math.max(way.arrivesAt, way.freeAt + latencyMs);
    const waitMs = way.arrivesAt - elapsed;
    const go = () => this.#clock.post(way, () => this.#vanished || arrive());
    if (waitMs > 0) this.#clock.setTimer(waitMs, go);
    else go();
  }

  /** Bytes that were sent and have not left. */
  #waiting({ freeAt }: Way): number {
    const { bytesPerSecond } = this.#network;
    const waitMs = freeAt - this.#clock.elapsed;
    return bytesPerSecond === null || waitMs <= 0 ? 0 : Math.ceil((waitMs / 1_000) * bytesPerSecond);
  }

  #tell(type: string, fields: object): void {
    this.life.run(() => this.dispatchEvent(Object.assign(new Event(type), fields)));
  }
}
