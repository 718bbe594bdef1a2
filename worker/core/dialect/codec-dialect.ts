/** A codec of an application at work: what it says is checked, and where it throws, no more is lost than one message. */
import * as v from 'valibot';
import { list, nonnegative, time, topic, typed } from '../../../src/protocol/frames/common.ts';
import {
  type ClientFrame,
  type ClientFrameOf,
  problem,
  type ServerFrame,
  type ServerFrameOf,
} from '../../../src/protocol/frames/index.ts';
import { type End, endOfGoodbye } from '../../../src/protocol/goodbye-codes.ts';
import type { AnyProtocol, CommandInput } from '../../../src/protocol/types.ts';
import { type Message, type PlainlySpoken, type PlainOptions, type Said, said } from './dialect.ts';
import type { PlainCodec, PlainLine } from './plain-codec.ts';
import type { PlainContext, PlainSupport } from './plain-support.ts';
import {
  PLAIN_TOPIC,
  type PlainEvent,
  type PlainHub,
  PlainTopic,
  plainRefused,
  plainWelcome,
} from './plain-topic.ts';

/** In answers and refusals: the codec is at fault, not the server. */
const FAILED = 'codec_failed';
/** The browser's word for a line that was lost, which no server says. */
const ABNORMAL_CLOSURE = 1006;

const ofTopic = { topic: v.optional(topic, PLAIN_TOPIC) };
const ended = v.picklist(['retry', 'unauthorized', 'final']);
const event = { event: typed, ts: v.optional(time, 0) };
const ack = v.object({ type: v.literal('ack'), id: v.string(), result: v.optional(v.unknown()) });
const nack = v.object({
  type: v.literal('nack'),
  id: v.string(),
  code: v.optional(v.string(), 'rejected'),
  message: v.optional(v.string(), 'the server refused it'),
  retry: v.optional(v.boolean(), false),
  retryAfterMs: v.optional(nonnegative),
});
const answer = v.variant('type', [ack, nack]);
const statement = v.variant('type', [
  v.object({ type: v.literal('opened') }),
  v.object({ type: v.literal('subscribed'), ...ofTopic }),
  v.object({ type: v.literal('state'), ...ofTopic, events: list(v.object(event)) }),
  v.object({ type: v.literal('event'), ...ofTopic, ...event }),
  v.object({
    type: v.literal('refused'),
    ...ofTopic,
    code: v.optional(v.string(), 'refused'),
    message: v.string(),
  }),
  v.object({ type: v.literal('lost'), ...ofTopic }),
  answer,
  v.object({ type: v.literal('pong') }),
  v.object({ type: v.literal('goodbye'), as: ended, message: v.string() }),
  v.object({ type: v.literal('unreadable'), kind: v.string() }),
]);

const nothing = v.never();
type Statement = v.InferOutput<typeof statement>;
type Answer = v.InferOutput<typeof answer>;
type Request = ClientFrameOf['subscribe' | 'resync_request'];
type Part = keyof PlainLine;
type AnswerFrame = ServerFrameOf['command_ack' | 'command_nack'];

/** Why something was not done; it is reported already. */
interface Failed {
  readonly failed: string;
}

const ENDS: Readonly<Record<v.InferOutput<typeof ended>, End>> = {
  retry: { fate: 'retry', reason: 'server' },
  unauthorized: endOfGoodbye('unauthorized', true),
  final: { fate: 'pause', reason: 'server' },
};

/**
 * Speaks with a server as it is, for `startHub(protocol, { plain })`; pages ask for it by `dialect: { plain: … }`.
 *
 * @example
 * startHub(protocol, { plain: plainCodec<typeof protocol>({ line: () => ({ decode, encode }) }) });
 */
export function plainCodec<P extends AnyProtocol>(codec: PlainCodec<P>): PlainSupport {
  return { refusal: () => null, createDialect: (hub, context) => new CodecDialect(codec, hub, context) };
}

/** One hub's side of it, for all of its connections. */
class CodecDialect<P extends AnyProtocol> implements PlainlySpoken {
  readonly name = 'plain';
  readonly takesToken = true;
  options: PlainOptions = {};
  readonly #codec: PlainCodec<P>;
  readonly #hub: PlainHub;
  readonly #context: PlainContext;
  #line: PlainLine<P> | null = null;
  readonly #topics = new Map<string, PlainTopic>();
  /** Of topics that the server has not answered. */
  readonly #requests = new Map<string, Request>();
  /** Of all topics: each is another epoch. */
  #states = 0;
  /** Of commands that ended while they were written. */
  readonly #answers: AnswerFrame[] = [];

  constructor(codec: PlainCodec<P>, hub: PlainHub, context: PlainContext) {
    this.#codec = codec;
    this.#hub = hub;
    this.#context = context;
  }

  get subprotocol(): string | null {
    return this.#codec.subprotocol ?? null;
  }

  get heartbeat(): boolean {
    return this.options.heartbeat === true && this.#line?.ping !== undefined;
  }

  get confirms(): 'ack' | 'written' {
    return this.options.acks ? 'ack' : 'written';
  }

  encode(frame: ClientFrame): Said[] {
    switch (frame.type) {
      case 'hello':
        return this.#open(frame);
      case 'subscribe':
      case 'resync_request':
        return this.#subscribe(frame);
      case 'unsubscribe':
        this.#requests.delete(frame.topic);
        return this.#write('unsubscribe', (line) => line.unsubscribe?.(frame.topic));
      case 'ping':
        return this.#write('ping', (line) => line.ping?.());
      case 'command':
        return this.#command(frame);
      // No server of it has the capability, and none is told which events were taken.
      case 'withdraw':
      case 'ack':
        return [];
    }
  }

  decode(message: Message): Said[] {
    const read = this.#words('decode', statement, (line) => line.decode(message));
    return 'failed' in read ? [] : this.#meaning(read.words);
  }

  closed(code: number, reason: string): End | undefined {
    if (code === ABNORMAL_CLOSURE) return undefined;
    const meant = this.#ask('closed', () => this.#codec.closed?.(code, reason));
    return 'failed' in meant || !meant.answer ? undefined : ENDS[meant.answer];
  }

  #open({ token }: ClientFrameOf['hello']): Said[] {
    this.#requests.clear();
    // The one before it must not speak for this connection.
    this.#line = null;
    const made = this.#ask('line', () => this.#codec.line({ token: token ?? null }));
    if ('failed' in made) return [lineFailed(made.failed)];
    this.#line = made.answer;
    if (!made.answer.open) return [said(plainWelcome(this.#hub.ownershipId))];
    const opened = this.#words('open', statement, (line) => line.open?.());
    return 'failed' in opened ? [lineFailed(opened.failed)] : this.#meaning(opened.words);
  }

  #subscribe(request: Request): Said[] {
    const { topic, ref } = request;
    this.#requests.set(topic, request);
    if (!this.#line?.subscribe)
      return (topic === PLAIN_TOPIC ? this.#goesOn(topic) : [plainRefused(request)]).map(said);
    const since = this.#topicOf(topic).ts || (request.type === 'resync_request' ? request.last_seen : null);
    const asked = this.#words('subscribe', statement, (line) => line.subscribe?.(topic, since));
    if (!('failed' in asked)) return this.#meaning(asked.words);
    return [said({ type: 'error', code: FAILED, message: asked.failed, topic, ref, ended: true })];
  }

  #command({ id, topic, command, priority, created_at, attempt }: ClientFrameOf['command']): Said[] {
    // It was judged by its schema when it was sent, or taken over from an earlier version.
    const input = command as CommandInput<P>;
    const whole = { id, topic: topic ?? null, command: input, priority, createdAt: created_at, attempt };
    const written = this.#words('encode', answer, (line) => line.encode(whole));
    const refuse = (message: string) => {
      this.#answer({ type: 'command_nack', id, code: FAILED, message, retry: false });
      return [];
    };
    if ('failed' in written) return refuse(written.failed);
    if (written.words.length === 0) return refuse(`\`encode\` of the codec says nothing for ${command.type}`);
    for (const word of written.words) if (!isMessage(word)) this.#answer(answerFrame(word));
    return written.words.filter(isMessage).map(copied);
  }

  /** The hub hears of it when it has done with writing. */
  #answer(frame: AnswerFrame): void {
    this.#answers.push(frame);
    this.#context.after('answers', 0, () => {
      for (const answer of this.#answers.splice(0)) this.#hub.received(answer);
    });
  }

  /** What only leads to messages. */
  #write(of: Part, ask: (line: PlainLine<P>) => unknown): Said[] {
    const written = this.#words(of, nothing, ask);
    return 'failed' in written ? [] : written.words.map(copied);
  }

  #meaning(words: readonly (Message | Statement)[]): Said[] {
    return words.flatMap((word): Said[] => (isMessage(word) ? [copied(word)] : this.#frames(word).map(said)));
  }

  #frames(word: Statement): ServerFrame[] {
    switch (word.type) {
      case 'opened':
        return [plainWelcome(this.#hub.ownershipId)];
      case 'subscribed':
        return this.#goesOn(word.topic);
      case 'state':
        return this.#replaced(word.topic, word.events);
      case 'lost':
        // As where a server has lost its place: it is asked again.
        return [{ type: 'subscribed', ...this.#topicOf(word.topic).at(0), recovered: false }];
      case 'event':
        // Of a topic that nobody has asked for there is nothing to number.
        return this.#topics.get(word.topic)?.hears(word) ?? [];
      case 'refused': {
        const { topic, code, message } = word;
        this.#requests.delete(topic);
        return [{ type: 'error', code, message, topic, ended: true }];
      }
      case 'ack':
      case 'nack':
        return [answerFrame(word)];
      case 'pong':
        return [{ type: 'pong', id: 0 }];
      case 'goodbye':
        return [{ type: 'goodbye', code: word.as, message: word.message, retry: word.as === 'retry' }];
      case 'unreadable':
        this.#report(`unreadable:${word.kind}`, `the server sent what the codec cannot read: ${word.kind}`);
        return [];
    }
  }

  #goesOn(name: string): ServerFrame[] {
    const request = this.#requests.get(name);
    this.#requests.delete(name);
    return request ? this.#topicOf(name).goesOn(request) : [];
  }

  /** What was known before says nothing any more, as where a server has lost its history. */
  #replaced(name: string, events: readonly PlainEvent[]): ServerFrame[] {
    const topic = this.#topics.get(name);
    if (!topic) return [];
    const request = this.#requests.get(name);
    this.#requests.delete(name);
    topic.epoch = `${this.#hub.ownershipId}/${++this.#states}`;
    // What came ahead of it is in it.
    topic.takeEarly();
    const items = events.map((event) => topic.item(event));
    const at = topic.at(request?.ref ?? 0);
    return [
      { type: 'subscribed', ...at, recovered: false },
      { type: 'snapshot', ...at, ts: topic.ts, part: 0, last: true, events: items },
    ];
  }

  #topicOf(name: string): PlainTopic {
    const topic = this.#topics.get(name) ?? new PlainTopic(name, this.#hub);
    this.#topics.set(name, topic);
    return topic;
  }

  /** What a part of the codec says. One word that cannot be is reported, and the others count. */
  #words<W>(
    of: Part,
    schema: v.GenericSchema<unknown, W>,
    ask: (line: PlainLine<P>) => unknown,
  ): { words: (Message | W)[] } | Failed {
    const line = this.#line;
    const asked = this.#ask(of, () => line && ask(line));
    if ('failed' in asked) return asked;
    const { answer } = asked;
    const all: readonly unknown[] = Array.isArray(answer) ? answer : answer == null ? [] : [answer];
    const words = all.flatMap((one): (Message | W)[] => {
      if (isMessage(one)) return [one];
      const read = v.safeParse(schema, one);
      if (read.success) return [read.output];
      const why = `\`${of}\` of the codec said what cannot be (${problem(read.issues[0])})`;
      this.#report(why, `${why}; it is skipped`);
      return [];
    });
    return { words };
  }

  #ask<T>(of: Part | 'line' | 'closed', ask: () => T): { answer: T } | Failed {
    try {
      const answer = ask();
      if (!(answer instanceof Promise)) return { answer };
      answer.catch(() => {});
      throw new TypeError('it returned a promise, and has to answer at once');
    } catch (error) {
      // Not every value can be made a text.
      const thrown = error instanceof Error ? error : new Error('something that is no Error');
      const failed = `\`${of}\` of the codec threw ${thrown}`;
      this.#report(`${of} ${thrown.name}`, `${failed}; what it was asked for is skipped`);
      return { failed };
    }
  }

  /** Once for each kind. */
  #report(kind: string, what: string): void {
    this.#context.counts.malformedFrames++;
    this.#context.reportOnce(`codec: ${kind}`, 'invalid_event', what);
  }
}

function isMessage(word: unknown): word is Message {
  // A socket takes no shared memory.
  return typeof word === 'string' || (word instanceof Uint8Array && word.buffer instanceof ArrayBuffer);
}

/** What is written leaves after the step; until then the codec may use its memory again. */
function copied(message: Message): Message {
  return typeof message === 'string' ? message : message.slice();
}

function answerFrame(answer: Answer): AnswerFrame {
  if (answer.type === 'ack') return { type: 'command_ack', id: answer.id, result: answer.result };
  const { id, code, message, retry, retryAfterMs } = answer;
  return { type: 'command_nack', id, code, message, retry, retry_after_ms: retryAfterMs };
}

/** Nothing can be said on this line: perhaps on the next one. */
function lineFailed(message: string): Said {
  return said({ type: 'goodbye', code: FAILED, message, retry: true });
}
