/** A WebSocket whose other end is a page of this browser, for a worker that has no network to go to. */
import { ABNORMAL_CLOSURE, TO_HUB, TO_SERVER, type ToHub, type ToServer } from './line.ts';

const CONNECTING = 0;
const OPEN = 1;
const CLOSED = 3;

const toServer = new BroadcastChannel(TO_SERVER);
const fromServer = new BroadcastChannel(TO_HUB);
const sockets = new Map<string, PageSocket>();

/** As much of a WebSocket as a hub uses. Where no page answers it stays `CONNECTING`, as one does to a host that is silent. */
export class PageSocket extends EventTarget {
  readonly #id = crypto.randomUUID();
  binaryType: BinaryType = 'blob';
  readonly bufferedAmount = 0;
  readyState: 0 | 1 | 3 = CONNECTING;

  constructor() {
    super();
    sockets.set(this.#id, this);
    post({ type: 'open', socket: this.#id });
  }

  send(text: string): void {
    if (this.readyState === OPEN) post({ type: 'message', socket: this.#id, text });
  }

  close(code = 1000, reason = ''): void {
    if (this.readyState === CLOSED) return;
    post({ type: 'close', socket: this.#id });
    // A page that is gone would not answer; and who closes hears of it later than the call.
    queueMicrotask(() => this.#closed(code, reason));
  }

  hear(message: Exclude<ToHub, { type: 'cut' }>): void {
    if (message.type === 'closed') this.#closed(message.code, message.reason);
    else if (message.type === 'message')
      this.dispatchEvent(new MessageEvent('message', { data: message.text }));
    else {
      this.readyState = OPEN;
      this.dispatchEvent(new Event('open'));
    }
  }

  lose(): void {
    this.#closed(ABNORMAL_CLOSURE, '');
  }

  #closed(code: number, reason: string): void {
    if (this.readyState === CLOSED) return;
    this.readyState = CLOSED;
    sockets.delete(this.#id);
    this.dispatchEvent(new CloseEvent('close', { code, reason }));
  }
}

fromServer.onmessage = ({ data }: MessageEvent<ToHub>) => {
  if (data.type !== 'cut') sockets.get(data.socket)?.hear(data);
  else for (const socket of [...sockets.values()]) socket.lose();
};

function post(message: ToServer): void {
  toServer.postMessage(message);
}
