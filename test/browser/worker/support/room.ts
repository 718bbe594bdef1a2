import { inject, onTestFinished } from 'vitest';

/** What a socket of the room did, as the server saw it. */
export type Seen = { type: string; live?: number; [field: string]: unknown };

/** The current test's own corner of the server in `test/browser/setup`. */
export class TestRoom<T = Seen> {
  readonly seen: T[] = [];
  readonly #room = `?${crypto.randomUUID()}`;
  readonly #control: WebSocket;

  private constructor() {
    this.#control = new WebSocket(this.url('/control'));
    this.#control.onmessage = ({ data }) => this.seen.push(JSON.parse(data));
    onTestFinished(() => this.#control.close());
  }

  static async enter<T = Seen>(): Promise<TestRoom<T>> {
    const room = new TestRoom<T>();
    await new Promise((resolve) => room.#control.addEventListener('open', resolve));
    return room;
  }

  url(path: '/echo' | '/trunk' | '/control'): string {
    return inject('socketServer') + path + this.#room;
  }

  publish(topic: string, key: string, event: object): void {
    this.#control.send(JSON.stringify({ publish: { topic, key, event } }));
  }

  /** Every connection of the room is lost, with no word. */
  cut(): void {
    this.#control.send(JSON.stringify({ cut: true }));
  }
}
