import { type IncomingMessage, Server } from 'node:http';
import { type Duplex, duplexPair } from 'node:stream';

export type LineState =
  | { readonly is: 'whole' }
  /** Connections are destroyed without a word, new ones refused. `pages`: and so is every request for a page. */
  | { readonly is: 'cut'; readonly until: number; readonly pages: boolean }
  /** Connections stay, but nothing passes, either way; new ones get no answer. */
  | { readonly is: 'half-open'; readonly until: number };

interface Call {
  /** The browser's end. */
  readonly socket: Duplex;
  /** Ours, and what the server holds. */
  readonly near: Duplex;
  readonly far: Duplex;
}

/**
 * The way of WebSockets to the server, which can be disturbed. The server holds one end of a pair of streams, not the
 * socket itself: it may give a connection up while the browser's end stays open.
 */
export class Line {
  /** Where the server attaches. It never listens: it hears of the requests that the line lets through. */
  readonly door = new Server();
  readonly #calls = new Set<Call>();
  /** Requests that came while nothing passed. */
  #unanswered: (() => void)[] = [];
  #state: LineState = { is: 'whole' };
  #timer: ReturnType<typeof setTimeout> | undefined;

  get state(): LineState {
    return this.#state;
  }

  connect(front: Server): void {
    front.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
      // Unheard, it would end the process; `close` follows.
      socket.on('error', () => {});
      if (this.#state.is === 'cut') socket.destroy();
      else if (this.#state.is === 'half-open') this.#unanswered.push(() => this.#call(request, socket, head));
      else this.#call(request, socket, head);
    });
  }

  cut(ms: number, pages: boolean): void {
    this.#enter({ is: 'cut', until: Date.now() + ms, pages }, ms);
    this.hangUp();
  }

  halfOpen(ms: number): void {
    this.#enter({ is: 'half-open', until: Date.now() + ms }, ms);
    for (const { socket, near } of this.#calls) {
      socket.unpipe(near).pause();
      near.unpipe(socket).pause();
    }
  }

  /** Ends every connection without a word. */
  hangUp(): void {
    for (const { socket } of [...this.#calls]) socket.destroy();
  }

  /** Ends the disturbance before its time. */
  mend(): void {
    clearTimeout(this.#timer);
    const before = this.#state;
    this.#state = { is: 'whole' };
    if (before.is !== 'half-open') return;
    for (const call of [...this.#calls]) join(call);
    for (const answer of this.#unanswered.splice(0)) answer();
  }

  #enter(state: LineState, ms: number): void {
    this.mend();
    this.#state = state;
    this.#timer = setTimeout(() => this.mend(), ms);
  }

  #call(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    if (socket.destroyed) return;
    const [near, far] = duplexPair();
    const call = { socket, near, far };
    this.#calls.add(call);
    near.on('error', () => {});
    far.on('error', () => {});
    socket.once('close', () => {
      this.#calls.delete(call);
      near.destroy();
      far.destroy();
    });
    far.once('close', () => {
      if (this.#state.is !== 'half-open') hangUpSoon(call);
    });
    join(call);
    // Nobody is there while the server restarts.
    if (!this.door.emit('upgrade', request, far, head)) socket.destroy();
  }
}

function join(call: Call): void {
  const { socket, near, far } = call;
  socket.pipe(near);
  near.pipe(socket);
  if (far.destroyed) hangUpSoon(call);
}

/** After what the server had said last. */
function hangUpSoon({ socket, near }: Call): void {
  if (near.readableLength > 0) near.once('end', () => socket.end());
  else socket.end();
  setTimeout(() => socket.destroy(), LAST_WORDS_MS).unref();
}
const LAST_WORDS_MS = 500;
