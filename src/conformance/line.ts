/** A client that is nothing but one socket: it sends what it is told, and keeps what it hears. */
import { randomUUID } from 'node:crypto';
import { WebSocket } from 'ws';
import {
  type ClientFrame,
  type Cursor,
  parseServerMessage,
  type ServerFrame,
  type ServerFrameOf,
  type SnapshotItem,
} from '../protocol/frames/index.ts';
import { SUBPROTOCOL } from '../protocol/version.ts';
import { Broken } from './outcome.ts';
import type { Ear } from './rules/watch.ts';
import { record, type SeenFrame, type Transcript } from './seen.ts';

type Frame<T extends ServerFrame['type']> = ServerFrameOf[T];
type CommandAnswer = Frame<'command_ack'> | Frame<'command_nack'>;

/** How a topic began, its snapshot's parts put together. */
export interface Begun {
  readonly subscribed: Frame<'subscribed'>;
  /** `null` where it was recovered. */
  readonly state: {
    readonly offset: number;
    readonly ts: number;
    readonly events: readonly SnapshotItem[];
    /** `null` where no part has it. */
    readonly missed: readonly SnapshotItem[] | null;
    readonly truncated: boolean;
    readonly parts: number;
  } | null;
}

export interface LineOptions {
  readonly patienceMs: number;
  readonly subprotocols?: readonly string[];
  readonly ear: Ear;
}

export class Line {
  readonly transcript: Transcript = { lines: [] };
  /** All that has arrived. */
  readonly seen: SeenFrame[] = [];
  /** Of each message, in bytes. */
  readonly sizes: number[] = [];
  readonly #socket: WebSocket;
  readonly #options: LineOptions;
  readonly #unread: ServerFrame[] = [];
  readonly #waiting = new Set<() => void>();
  #closeCode: number | null = null;
  #isCut = false;
  #ref = 0;
  #ping = 0;

  constructor(url: string, options: LineOptions) {
    this.#options = options;
    this.#socket = new WebSocket(url, [...(options.subprotocols ?? [SUBPROTOCOL])], {
      maxPayload: 256 * 1024 * 1024,
    });
    this.#socket.on('message', (data, isBinary) => this.#heard(String(data), isBinary));
    this.#socket.on('error', (error) => record(this.transcript, '·', error.message));
    this.#socket.on('close', (code) => {
      this.#closeCode = code;
      record(this.transcript, '·', `closed with ${code}`);
      if (!this.#isCut) this.#options.ear.closed(code);
      this.#wake();
    });
    this.#socket.on('open', () => this.#wake());
  }

  /** False where the handshake failed. */
  async opened(): Promise<boolean> {
    await this.#until(
      () => this.#socket.readyState !== WebSocket.CONNECTING || undefined,
      'the socket to open',
    );
    return this.#socket.readyState === WebSocket.OPEN;
  }

  /** In one message: a frame, or an array of them. */
  send(...frames: readonly ClientFrame[]): void {
    for (const frame of frames) this.#options.ear.sent(frame);
    this.sendText(JSON.stringify(frames.length === 1 ? frames[0] : frames));
  }

  /** Whatever it is, also what is no frame. */
  sendText(message: string | Buffer): void {
    record(this.transcript, '→', String(message));
    this.#socket.send(message);
  }

  /** Of one message, which takes its time. Nothing else may be sent before the last piece. */
  sendPiece(piece: string, { isLast = false }: { isLast?: boolean } = {}): void {
    record(this.transcript, '→', piece);
    this.#socket.send(piece, { fin: isLast });
  }

  /** The next frame of this type (and kind) that was not asked for yet; others stay. */
  async next<T extends ServerFrame['type']>(
    type: T,
    isIt: (frame: Frame<T>) => boolean = () => true,
    { within = this.#options.patienceMs, what = `a \`${type}\`` }: { within?: number; what?: string } = {},
  ): Promise<Frame<T>> {
    return await this.#nextOf((frame) => frame.type === type && isIt(frame as Frame<T>), what, within);
  }

  /** All of this type that have arrived. */
  all<T extends ServerFrame['type']>(type: T): Frame<T>[] {
    return this.seen.flatMap(({ frame }) => (frame.type === type ? [frame as Frame<T>] : []));
  }

  /** The events of a topic that arrived in their turn, repeats of critical ones left out. */
  events(topic: string): Frame<'event'>[] {
    return this.all('event').filter((event) => event.topic === topic && !event.redelivery);
  }

  redeliveries(topic: string): Frame<'event'>[] {
    return this.all('event').filter((event) => event.topic === topic && event.redelivery === true);
  }

  /** Waits until what has arrived is enough. */
  async untilSeen(isEnough: () => boolean, what: string, within = this.#options.patienceMs): Promise<void> {
    await this.#until(() => isEnough() || undefined, what, within);
  }

  /** Resolves with the code when the socket is closed. */
  async closed(within = this.#options.patienceMs): Promise<number> {
    return await this.#until(() => this.#closeCode ?? undefined, 'the socket to be closed', within, true);
  }

  get isClosed(): boolean {
    return this.#closeCode !== null;
  }

  /** The server has answered a `ping` that was sent now. */
  async settle(): Promise<void> {
    const id = ++this.#ping;
    this.send({ type: 'ping', id });
    await this.next('pong', (pong) => pong.id === id);
  }

  /** A `ping` whose answer nobody waits for. */
  beat(): void {
    if (this.#socket.readyState === WebSocket.OPEN) this.send({ type: 'ping', id: 0 });
  }

  async subscribe(
    topic: string,
    { cursor, lastSeen }: { cursor?: Cursor; lastSeen?: { offset: number; ts: number } } = {},
  ): Promise<Begun> {
    const ref = this.nextRef();
    this.send({
      type: 'subscribe',
      topic,
      ref,
      ...(cursor && { cursor }),
      ...(lastSeen && { last_seen: lastSeen }),
    });
    return await this.begun(topic, ref);
  }

  async resync(
    topic: string,
    { cursor, lastSeen = null, missed }: { cursor?: Cursor; lastSeen?: number | null; missed?: false } = {},
  ): Promise<Begun> {
    const ref = this.nextRef();
    this.send({
      type: 'resync_request',
      topic,
      ref,
      last_seen: lastSeen,
      ...(cursor && { cursor }),
      ...(missed === false && { missed }),
    });
    return await this.begun(topic, ref);
  }

  nextRef(): number {
    this.#ref += 1;
    return this.#ref;
  }

  /** The answer to a request for a topic. */
  async begun(topic: string, ref: number): Promise<Begun> {
    const isAnswer = (frame: { topic?: string | undefined; ref?: number | undefined }) =>
      frame.topic === topic && frame.ref === ref;
    const subscribed = await this.#nextOf<Frame<'subscribed'> | Frame<'error'>>(
      (frame) =>
        (frame.type === 'subscribed' && isAnswer(frame)) || (frame.type === 'error' && frame.ref === ref),
      `\`subscribed\` for request ${ref} of topic ${topic}`,
    );
    if (subscribed.type === 'error') {
      const { code, message } = subscribed;
      throw new Broken(`request ${ref} of topic ${topic} was answered by \`error\` ${code} (${message})`);
    }
    if (subscribed.recovered) return { subscribed, state: null };
    const parts: Frame<'snapshot'>[] = [];
    do parts.push(await this.next('snapshot', isAnswer, { what: `the snapshot for request ${ref}` }));
    while (!parts.at(-1)?.last);
    const [{ offset, ts }] = parts as [Frame<'snapshot'>];
    const hasMissed = parts.some(({ missed }) => missed !== undefined);
    return {
      subscribed,
      state: {
        offset,
        ts,
        events: parts.flatMap(({ events }) => events),
        missed: hasMissed ? parts.flatMap(({ missed }) => missed ?? []) : null,
        truncated: parts.some(({ truncated }) => truncated === true),
        parts: parts.length,
      },
    };
  }

  /** The next answer to a command. */
  async answer(id: string): Promise<CommandAnswer> {
    return await this.#nextOf(
      (frame) => (frame.type === 'command_ack' || frame.type === 'command_nack') && frame.id === id,
      `an answer to command ${id}`,
    );
  }

  /** Asks for a topic; whether it begins, or why not. The snapshot of one that begins stays unread. */
  async ask(topic: string): Promise<Frame<'subscribed'> | Frame<'error'>> {
    const ref = this.nextRef();
    this.send({ type: 'subscribe', topic, ref });
    return await this.#nextOf(
      (frame) => (frame.type === 'subscribed' || frame.type === 'error') && frame.ref === ref,
      `an answer to request ${ref} of topic ${topic}`,
    );
  }

  unsubscribe(topic: string): void {
    this.send({ type: 'unsubscribe', topic, ref: this.nextRef() });
  }

  async accepted(id: string): Promise<Frame<'command_ack'>> {
    const answer = await this.answer(id);
    if (answer.type === 'command_nack') {
      throw new Broken(`command ${id} was refused (${answer.code}: ${answer.message})`);
    }
    return answer;
  }

  async refused(id: string): Promise<Frame<'command_nack'>> {
    const answer = await this.answer(id);
    if (answer.type === 'command_ack') throw new Broken(`command ${id} was accepted`);
    return answer;
  }

  /** Reads nothing more, until `resume`. */
  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  /** As a cut line. */
  cut(): void {
    this.#isCut = true;
    this.#socket.terminate();
  }

  #heard(text: string, isBinary: boolean): void {
    record(this.transcript, '←', text);
    const bytes = Buffer.byteLength(text);
    this.sizes.push(bytes);
    for (const parsed of parseServerMessage(text)) {
      const at = performance.now();
      this.#options.ear.heard(parsed, { bytes, isBinary });
      if (!parsed.ok) continue;
      this.seen.push({ frame: parsed.frame, at });
      this.#unread.push(parsed.frame);
    }
    this.#wake();
  }

  async #nextOf<F extends ServerFrame>(
    isIt: (frame: ServerFrame) => boolean,
    what: string,
    within = this.#options.patienceMs,
  ): Promise<F> {
    return await this.#until(
      () => {
        const place = this.#unread.findIndex(isIt);
        return place === -1 ? undefined : (this.#unread.splice(place, 1)[0] as F);
      },
      what,
      within,
    );
  }

  #wake(): void {
    for (const look of [...this.#waiting]) look();
  }

  async #until<T>(
    look: () => T | undefined,
    what: string,
    within = this.#options.patienceMs,
    alsoClosed = false,
  ): Promise<T> {
    return await new Promise<T>((resolve, reject) => {
      const end = (settle: () => void) => {
        clearTimeout(timer);
        this.#waiting.delete(again);
        settle();
      };
      const again = () => {
        const found = look();
        if (found !== undefined) end(() => resolve(found));
        else if (this.#closeCode !== null && !alsoClosed) {
          const code = this.#closeCode;
          end(() => reject(new Broken(`waited for ${what}, but the socket was closed with ${code}`)));
        }
      };
      const timer = setTimeout(
        () => end(() => reject(new Broken(`waited ${within} ms for ${what}, and it did not come`))),
        within,
      );
      this.#waiting.add(again);
      again();
    });
  }
}

export function newId(): string {
  return randomUUID();
}
