import { setImmediate } from 'node:timers/promises';
import {
  type ClientFrame,
  type ClientFrameOf,
  parseServerMessage,
  type ServerFrame,
  type ServerFrameOf,
} from '../../../../src/protocol/frames/index.ts';
import type { AnyProtocol } from '../../../../src/protocol/types.ts';
import {
  type AnyHandler,
  definedApplication,
  handlersByType,
} from '../../../../src/server/core/application.ts';
import { Broker, type BrokerOptions } from '../../../../src/server/core/broker.ts';
import { type Limits, resolveLimits } from '../../../../src/server/core/limits.ts';
import type { Inbound, Peer } from '../../../../src/server/core/peer.ts';
import type { Refusal } from '../../../../src/server/core/refusals.ts';
import { type Authenticated, memoryLog } from '../../../../src/server/index.ts';
import { ManualClock } from '../../../../testing/fakes/clock.ts';
import { ops } from './protocol.ts';

/** The server's logic without sockets. */
export class HandWorld {
  readonly clock = new ManualClock(1_700_000_000_000);
  readonly errors: string[] = [];
  /** Handshakes that were refused. */
  readonly refusals: Refusal[] = [];
  readonly broker: Broker;

  constructor({
    protocol = ops,
    handlers = { decide: () => ({ resumed: true }), note: () => {} },
    ...options
  }: Partial<Omit<BrokerOptions, 'limits' | 'clock' | 'application'>> & {
    limits?: Partial<Limits>;
    /** How far its clock is ahead when it starts. */
    aheadMs?: number;
    protocol?: AnyProtocol;
    handlers?: Readonly<Record<string, AnyHandler>>;
  } = {}) {
    let sessions = 0;
    this.clock.jump(options.aheadMs ?? 0);
    this.broker = new Broker({
      application: definedApplication(protocol, handlersByType(handlers)),
      log: memoryLog(),
      countsConnections: false,
      newSession: () => `session ${++sessions}`,
      acceptsVersion: () => true,
      authorize: async () => true,
      report: (error, about) => this.errors.push(`${about}: ${error}`),
      ...options,
      clock: this.clock,
      limits: resolveLimits(options.limits),
    });
  }

  connect(
    principal: string | Authenticated | Promise<string | Authenticated> = 'anonymous',
    address?: string,
  ): HandPeer {
    const refused = (refusal: Refusal) => void this.refusals.push(refusal);
    return new HandPeer((peer) => this.broker.connect(peer, async () => await principal, refused), address);
  }

  async join(
    hello: Partial<ClientFrameOf['hello']> = {},
    principal: string | Authenticated = 'anonymous',
  ): Promise<HandPeer> {
    const peer = this.connect(principal);
    peer.hello(hello);
    await setImmediate();
    peer.expect('welcome');
    return peer;
  }
}

export const CLIENT_ID = '00000000-0000-4000-8000-000000000001';

/** A client whose socket is a list. */
export class HandPeer implements Peer {
  readonly #inbound: Inbound;
  frames: ServerFrame[] = [];
  readonly sizes: number[] = [];
  buffered = 0;
  marks = 0;
  reads = true;
  readonly address: string;
  ended: { code: number } | 'terminated' | null = null;

  constructor(connect: (peer: Peer) => Inbound, address = '') {
    this.address = address;
    this.#inbound = connect(this);
  }

  send(text: string): void {
    this.sizes.push(Buffer.byteLength(text));
    for (const parsed of parseServerMessage(text)) {
      if (!parsed.ok) throw new Error(`the server sent a bad frame: ${parsed.message}`);
      this.frames.push(parsed.frame);
    }
  }
  /** It has read all that was sent, at once; by hand where `reads` is false. */
  mark(): void {
    this.marks += 1;
    if (this.reads) queueMicrotask(() => this.#inbound.reached());
  }
  /** It says that it has read what was sent before the newest mark. */
  read(): void {
    this.#inbound.received(6);
    this.#inbound.reached();
  }
  bufferedBytes(): number {
    return this.buffered;
  }
  close(code: number): void {
    this.ended ??= { code };
  }
  terminate(): void {
    this.ended ??= 'terminated';
  }

  drain(): void {
    this.buffered = 0;
    this.#inbound.drained();
  }
  /** Bytes of messages that are not complete yet. */
  trickle(bytes: number): void {
    this.#inbound.received(bytes);
  }
  /** The socket is lost, without a word. */
  lose(): void {
    this.#inbound.closed();
  }
  hello(fields: Partial<ClientFrameOf['hello']> = {}): void {
    this.say({ type: 'hello', client_id: CLIENT_ID, app: 'ops', app_version: 3, term: 1, ...fields });
  }
  say(...frames: (ClientFrame | Record<string, unknown>)[]): void {
    this.hear(JSON.stringify(frames.length === 1 ? frames[0] : frames));
  }
  /** A whole message; `null` is one that is not text. */
  hear(message: string | null): void {
    this.#inbound.message(message);
  }

  /** Takes out the first frame of that type, which must have arrived. */
  expect<T extends ServerFrame['type']>(type: T): ServerFrameOf[T] {
    const index = this.frames.findIndex((frame) => frame.type === type);
    const [frame] = index === -1 ? [] : this.frames.splice(index, 1);
    if (!frame) throw new Error(`no ${type} among ${JSON.stringify(this.frames)}`);
    return frame as ServerFrameOf[T];
  }
  /** Takes out all of that type. */
  all<T extends ServerFrame['type']>(type: T): ServerFrameOf[T][] {
    const taken = this.frames.filter((frame) => frame.type === type);
    this.frames = this.frames.filter((frame) => frame.type !== type);
    return taken as ServerFrameOf[T][];
  }
}
