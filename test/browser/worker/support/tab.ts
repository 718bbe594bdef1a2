import * as Comlink from 'comlink';
import { expect, onTestFinished } from 'vitest';
import type { HubPort } from '../../../../src/protocol/calls.ts';
import type { Connection, HubReport } from '../../../../src/protocol/model.ts';
import type {
  Attached,
  AttachRequest,
  Batch,
  OutgoingCommand,
  Reply,
  TabItem,
} from '../../../../src/protocol/port.ts';
import { protocol } from './protocol.ts';

/**
 * The worker of this name, started by `page` if it is not running; another name is another worker.
 *
 * @param extendedLifetime it outlives its last page
 */
export function sharedHub(
  name: string,
  page: Window & typeof globalThis = window,
  extendedLifetime = false,
): MessagePort {
  const url = new URL('./hub.ts', import.meta.url);
  const worker = new page.SharedWorker(url, { type: 'module', name, extendedLifetime });
  worker.onerror = (event) => console.error('the hub does not load', event);
  return worker.port;
}

/** A page of the same origin. Its removal is as abrupt as a crash. */
export function newPage(): { page: Window & typeof globalThis; remove(): void } {
  const frame = document.createElement('iframe');
  document.body.append(frame);
  const remove = () => frame.remove();
  onTestFinished(remove);
  return { page: frame.contentWindow as Window & typeof globalThis, remove };
}

/** A tab that speaks the port's contract by hand. */
export class RawTab {
  readonly hub: Comlink.Remote<HubPort>;
  readonly batches: Batch[] = [];
  readonly #page: Window;
  readonly #wish: Partial<AttachRequest> & { url: string; identity: string };

  constructor(
    port: MessagePort | Worker,
    wish: Partial<AttachRequest> & { url: string; identity: string },
    page: Window = window,
  ) {
    this.hub = Comlink.wrap<HubPort>(port);
    this.#wish = wish;
    this.#page = page;
  }

  /** Attaches under a fresh lease, which the page holds as long as it lives. */
  async tryAttach(overrides: object = {}): Promise<Reply<Attached>> {
    const lease = crypto.randomUUID();
    await new Promise<void>((granted) => {
      this.#page.navigator.locks.request(lease, () => {
        granted();
        return new Promise<void>((release) => onTestFinished(() => release()));
      });
    });
    const request: AttachRequest = {
      app: protocol.app,
      appVersion: protocol.version,
      dialect: 'trunkline.v1',
      lease,
      visible: true,
      hasToken: false,
      ...this.#wish,
      ...overrides,
    };
    const deliver = async (batch: Batch) => {
      this.batches.push(batch);
    };
    return await this.hub.attach(request, Comlink.proxy({ deliver }));
  }

  async attach(): Promise<Attached> {
    return value(await this.tryAttach());
  }

  async subscribe(topic: string): Promise<void> {
    value(await this.hub.subscribe(topic, 1, null));
  }

  async send(gate: string): Promise<string> {
    const id = crypto.randomUUID();
    const [reply] = await this.hub.send([approval(id, gate)]);
    if (reply) value(reply);
    return id;
  }

  async inspect(): Promise<HubReport> {
    return value(await this.hub.inspect());
  }

  /** What was delivered of a topic, in order, states and what followed them alike. */
  events(topic: string): TabItem['event'][] {
    return this.batches
      .flatMap(({ topics = [] }) => topics)
      .filter((update) => update.topic === topic)
      .flatMap((update) => {
        if (update.kind === 'status' || update.kind === 'saved') return [];
        return update.kind === 'events' ? update.items : [...update.events, ...update.missed];
      })
      .map(({ event }) => event);
  }

  async isOpen(): Promise<void> {
    await expect.poll(() => this.connection).toMatchObject({ state: 'open' });
  }

  get connection(): Connection | undefined {
    return this.batches.flatMap(({ connection = [] }) => connection).at(-1);
  }
}

export function approval(id: string, gate: string): OutgoingCommand {
  return {
    id,
    topic: null,
    priority: 'high',
    command: { type: 'approve', gate },
    dedupeKey: null,
    requireDurable: false,
    expiresAt: null,
    maybeSentMs: null,
  };
}

export function value<T>(reply: Reply<T>): T {
  if (!reply.ok) throw new Error(`${reply.code}: ${reply.message}`);
  return reply.value;
}
