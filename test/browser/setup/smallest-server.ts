/** One room of the smallest server that PROTOCOL allows: no history, one principal, memory of ids in a map. */
import type { WebSocket } from 'ws';

interface Item {
  offset: number;
  ts: number;
  key?: string;
  event: object;
}
/** As far as this server reads it. */
interface Frame {
  type: string;
  id?: string;
  topic?: string;
  ref?: number;
  command?: object;
}

export class Room {
  readonly #tell: (what: unknown) => void;
  readonly #since = Date.now();
  readonly #sockets = new Map<WebSocket, Set<string>>();
  readonly #topics = new Map<string, Item[]>();
  readonly #accepted = new Map<string, unknown>();

  /** @param tell is told of every frame that comes, of `{ type: 'run' }` for each command that runs, and of ends. */
  constructor(tell: (what: unknown) => void) {
    this.#tell = tell;
  }

  get live(): number {
    return this.#sockets.size;
  }

  join(socket: WebSocket): void {
    this.#sockets.set(socket, new Set());
    socket.on('close', () => {
      this.#sockets.delete(socket);
      this.#tell({ type: 'left', live: this.live });
    });
    socket.on('message', (data) => {
      for (const frame of [JSON.parse(String(data))].flat()) {
        this.#tell({ ...frame, live: this.live });
        this.#answer(socket, frame);
      }
    });
  }

  publish(topic: string, key: string | undefined, event: object): void {
    const items = this.#items(topic);
    const item = { offset: items.length + 1, ts: Date.now(), ...(key !== undefined && { key }), event };
    items.push(item);
    for (const [socket, topics] of this.#sockets) {
      if (topics.has(topic)) send(socket, { type: 'event', topic, ...item });
    }
  }

  cut(): void {
    for (const socket of this.#sockets.keys()) socket.terminate();
  }

  #answer(socket: WebSocket, { type, id = '', topic = '', ref = 0, command }: Frame): void {
    switch (type) {
      case 'hello': {
        const time = { server_time: Date.now(), dedupe_since: this.#since };
        send(socket, { type: 'welcome', session: crypto.randomUUID(), principal: 'ada', ...time });
        break;
      }
      case 'subscribe':
      case 'resync_request': {
        this.#sockets.get(socket)?.add(topic);
        const items = this.#items(topic);
        const at = { topic, ref, epoch: 'e1', offset: items.length };
        send(socket, { type: 'subscribed', ...at, recovered: false });
        const part = { ts: items.at(-1)?.ts ?? 0, part: 0, last: true };
        send(socket, { type: 'snapshot', ...at, ...part, events: items });
        break;
      }
      case 'unsubscribe':
        this.#sockets.get(socket)?.delete(topic);
        break;
      case 'command': {
        const duplicate = this.#accepted.has(id);
        if (!duplicate) {
          this.#accepted.set(id, { ran: this.#accepted.size + 1 });
          this.#tell({ type: 'run', id, command });
        }
        const result = this.#accepted.get(id);
        send(socket, { type: 'command_ack', id, ...(duplicate && { duplicate }), result });
        break;
      }
      case 'ping':
        send(socket, { type: 'pong', id });
    }
  }

  #items(topic: string): Item[] {
    const items = this.#topics.get(topic) ?? [];
    this.#topics.set(topic, items);
    return items;
  }
}

function send(socket: WebSocket, frame: object): void {
  socket.send(JSON.stringify(frame));
}
