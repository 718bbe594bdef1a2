/** What the server is asked and told of one topic, and which of its answers count. */
import type { ClientFrame, ServerFrameOf, SnapshotItem } from '../../../src/protocol/frames/index.ts';
import type { Position } from '../../../src/protocol/port.ts';
import { retryWaitMs } from '../backoff.ts';
import type { Context } from '../context.ts';
import type { DeadlineName } from '../deadlines.ts';
import type { Repeated, WayBack } from '../saved-states.ts';
import type { Criticals } from './criticals.ts';
import type { TopicPlace } from './journal.ts';

/** What topics need of the connection. */
export interface TopicSocket {
  /** `null` while the connection is not open. */
  readonly open: object | null;
  /** There is none, and not for want of anybody who needs one. */
  readonly isDown: boolean;
  /** Only while it is open. */
  write(frame: ClientFrame): void;
  nextRef(): number;
  /** For how long nothing has been heard, or had been when the connection opened. */
  readonly silenceMs: number;
  /** For how long the line was not found to carry something large, behind which answers wait. */
  readonly unburdenedMs: number;
}

/** What a subscription needs of its topic. */
export interface SubscribedTopic {
  readonly name: string;
  /** What is known of its present epoch; `null`: nothing yet. */
  readonly knowledge: { readonly at: TopicPlace; readonly criticals: Criticals } | null;
  /** Where the server is to go on from: the newest place that is known, or the last one of an earlier life. */
  readonly from: TopicPlace | null;
  /** As `SavedStates.wayBack`. */
  wayBack(): WayBack | 'soon' | 'read' | null;
  /** How the subscription stands has changed. */
  statusChanged(): void;
  /** All of a snapshot has come. @param asked since where what was missed had been asked for */
  replace(at: TopicPlace, parts: State, asked: Position | null): void;
  event(frame: ServerFrameOf['event']): void;
  /** The server refuses it. */
  refused(): void;
  /** The server leaves out the next event. */
  skipped(why: string): void;
}

/** What a snapshot says. */
export interface State {
  readonly events: SnapshotItem[];
  /** `null`: the server does not say what was missed. */
  missed: SnapshotItem[] | null;
  truncated?: boolean;
}
/** What has come of one. */
interface Parts extends State {
  readonly epoch: string;
  next: number;
  characters: number;
}

/** The newest request, and since where it asks for what was missed. */
interface Request {
  readonly ref: number;
  readonly asked: Position | null;
}
/** `state`: without what was missed, with which it was too large. */
type Wants = 'all' | 'state';

/** How the topic stands at the server. `attempt` counts failures. */
type Phase =
  | { readonly state: 'none' }
  | Asked
  /** It is asked again at the topic's deadline; `refusal`: what tabs are told until then. */
  | {
      readonly state: 'waiting';
      readonly attempt: number;
      readonly wants: Wants;
      readonly refusal: Refusal | null;
    }
  /** Events up to `replayUntil` happened before the subscription. */
  | {
      readonly state: 'live';
      readonly request: Request;
      readonly attempt: number;
      readonly since: number;
      readonly replayUntil: number;
    }
  | ({ readonly state: 'refused' } & Refusal);

interface Refusal {
  readonly code: string;
  readonly message: string;
}

/** An answer is due. Until it comes the topic's events are of an earlier subscription, and are discarded. */
interface Asked {
  readonly state: 'asked';
  readonly request: Request;
  /** What the answer carries: the request's `ref`, or 0 of a state that comes unasked. */
  readonly ref: number;
  readonly attempt: number;
  readonly wants: Wants;
  parts: Parts | null;
  /** What the server repeats makes the state, together with what was kept. */
  readonly way?: WayBack | null;
}

/** So long a topic waits for what is kept of it, where that would make it cheap; where there is no other state, again and again. */
const KEPT_WITHIN_MS = 200;
/** How long the server may take to answer, at first; doubled by each failure. */
const ANSWER_TIMEOUT_MS = 10_000;
const ANSWER_TIMEOUT_MAX_MS = 60_000;
/** A snapshot is held until it ends; one beyond this is not waited for. */
const SNAPSHOT_CHARACTERS = 64 * 1024 * 1024;
/** A topic that breaks again sooner than this is asked for more slowly. */
const STABLE_AFTER_MS = 10_000;

/** One topic at the server. */
export class ServerSubscription {
  readonly #topic: SubscribedTopic;
  readonly #context: Context;
  readonly #socket: TopicSocket;
  #phase: Phase = { state: 'none' };
  /** The server takes this browser for a new client, to which it owes nothing of before, and has not answered it yet. */
  #isOwedNothing = false;

  constructor(topic: SubscribedTopic, context: Context, socket: TopicSocket) {
    this.#topic = topic;
    this.#context = context;
    this.#socket = socket;
  }

  get phase(): Phase {
    return this.#phase;
  }

  /** Asks the server for the topic, by its cursor or anew. */
  ask(attempt = 0, wants: Wants = 'all', isPatient = true): void {
    if (!this.#socket.open) return;
    const { settings, counts } = this.#context;
    const { name: topic, knowledge } = this.#topic;
    const found = attempt === 0 && wants === 'all' && !knowledge ? this.#topic.wayBack() : null;
    if ((found === 'soon' && isPatient) || found === 'read') {
      this.#become({ state: 'waiting', attempt, wants, refusal: null });
      return this.#context.after(this.#deadline, KEPT_WITHIN_MS, () => this.looked());
    }
    const way = found === 'soon' ? null : found;
    const ref = this.#socket.nextRef();
    const from = way?.from ?? (wants === 'all' ? this.#from : null);
    const asked = from && { epoch: from.epoch, offset: from.offset };
    this.#await({ state: 'asked', request: { ref, asked }, ref, attempt, wants, parts: null, way });
    const request = { topic, ref, ...(asked && { cursor: asked }) };
    // The server's own timestamp; where it gives none, there is none to tell.
    const lastSeen = from?.ts || null;
    const isShortGap = attempt === 0 && this.#socket.silenceMs <= settings.resyncAfterMs;
    // An older place proves nothing of what is known since: the state does.
    if (from && (way || (from === knowledge?.at && isShortGap))) {
      const seen = lastSeen !== null && { last_seen: { offset: from.offset, ts: lastSeen } };
      return this.#socket.write({ type: 'subscribe', ...request, ...seen });
    }
    counts.resyncs++;
    // Nothing that it could be counted from: a server may not know `missed`.
    const isStateAlone = wants === 'state' && { missed: false as const };
    this.#socket.write({ type: 'resync_request', ...request, last_seen: lastSeen, ...isStateAlone });
  }

  /** It was looked what is kept, or that takes too long. */
  looked(): void {
    if (this.#phase.state === 'waiting' && this.#phase.attempt === 0) this.ask(0, 'all', false);
  }

  /** Nobody listens any more. */
  stop(): void {
    const { state } = this.#phase;
    if (state !== 'none' && state !== 'refused')
      this.#socket.write({ type: 'unsubscribe', topic: this.#topic.name, ref: this.#socket.nextRef() });
    this.#become({ state: 'none' });
  }

  /** The next connection is under another name. */
  renamed(): void {
    this.#isOwedNothing = true;
  }

  disconnected(): void {
    if (this.#phase.state !== 'refused') this.#become({ state: 'none' });
  }

  subscribed({ ref, epoch, offset, recovered }: ServerFrameOf['subscribed']): void {
    const phase = this.#phase;
    const { knowledge } = this.#topic;
    if (ref === 0) {
      if (phase.state !== 'live') return;
      // A snapshot follows. In the same epoch it goes on from where the server believes the hub to stand: what was lost on
      // its way would be in none.
      if (knowledge?.at.epoch === epoch) return this.askForMissing();
      const { request } = phase;
      return this.#await({ state: 'asked', request, ref, attempt: 0, wants: 'all', parts: null });
    }
    if (phase.state !== 'asked' || phase.ref !== ref || !recovered) return;
    if (phase.way) return this.#repeated(phase, phase.way.begin(epoch, offset));
    const isBelow = knowledge?.at.epoch === epoch && offset < knowledge.at.offset;
    if (isBelow) {
      const { name } = this.#topic;
      const message = `topic ${name}: the server goes on before what it has sent`;
      this.#context.reportOnce(`below:${name}`, 'server_inconsistent', message);
    }
    if (isBelow || knowledge?.at.epoch !== epoch) return this.#askAgain(phase.attempt + 1);
    // What was repeated ahead of its order is repeated again.
    knowledge.criticals.forgetBeyond(knowledge.at.offset);
    this.#live(phase, offset);
  }

  /** An event came ahead of the state: it is of an earlier subscription, or a part of what makes it. */
  early(frame: ServerFrameOf['event']): void {
    const phase = this.#phase;
    if (phase.state === 'asked' && phase.way) this.#repeated(phase, phase.way.add(frame));
  }

  #repeated(phase: Asked, repeated: Repeated): void {
    if (repeated === 'broken') return this.#askAgain(phase.attempt + 1);
    if (repeated === 'more') return this.#await(phase);
    this.#topic.replace(repeated.at, repeated, phase.request.asked);
    this.#live(phase, repeated.at.offset);
    for (const frame of repeated.acknowledged) this.#topic.event(frame);
  }

  /** @param characters how large the frame was as text */
  snapshot(frame: ServerFrameOf['snapshot'], characters: number): void {
    const phase = this.#phase;
    if (phase.state !== 'asked' || phase.ref !== frame.ref) return;
    const { attempt, wants, request } = phase;
    const parts =
      frame.part === 0
        ? { epoch: frame.epoch, next: 0, characters: 0, events: [], missed: null, truncated: false }
        : phase.parts;
    if (!parts || parts.next !== frame.part || parts.epoch !== frame.epoch)
      return this.#askAgain(attempt + 1, wants);
    parts.characters += characters;
    if (parts.characters > SNAPSHOT_CHARACTERS) return this.#tooLarge(wants);
    for (const item of frame.events) parts.events.push(item);
    if (frame.missed) parts.missed ??= [];
    for (const item of frame.missed ?? []) parts.missed?.push(item);
    parts.truncated ||= frame.truncated === true;
    parts.next++;
    phase.parts = parts;
    if (!frame.last) return this.#await(phase);
    this.#topic.replace(frame, parts, request.asked);
    this.#live(phase, 0);
  }

  refused({ code, message, ended, ref }: ServerFrameOf['error']): void {
    const phase = this.#phase;
    if (phase.state === 'none' || phase.state === 'refused') return;
    const isOfNewest = phase.state !== 'waiting' && ref === phase.request.ref;
    if (ref && !isOfNewest) return;
    // What was asked is not answered; whether an earlier subscription goes on makes no difference.
    if (code === 'rate_limited' && (ended || phase.state !== 'live')) {
      const wants = phase.state === 'live' ? 'all' : phase.wants;
      return this.#askLater(phase.attempt + 1, wants, ended ? { code, message } : null);
    }
    if (ended) {
      this.#become({ state: 'refused', code, message });
      this.#topic.refused();
    } else if (code === 'too_large') this.#topic.skipped(message);
  }

  /** What comes does not follow what is known. */
  askForMissing(): void {
    if (this.#phase.state !== 'live') return;
    const { since, attempt } = this.#phase;
    const isStable = this.#context.now - since >= STABLE_AFTER_MS;
    this.#askAgain(isStable ? 1 : attempt + 1);
  }

  /** Tells the server which critical events a page took, if it can be told now. */
  acknowledge(): void {
    const { name: topic, knowledge } = this.#topic;
    if (!knowledge || this.#phase.state !== 'live') return;
    const { at, criticals } = knowledge;
    for (let told = criticals.takeAcknowledgements(); told; told = criticals.takeAcknowledgements())
      this.#socket.write({ type: 'ack', topic, epoch: at.epoch, ...told });
  }

  #tooLarge(wants: Wants): void {
    if (wants === 'all') return this.ask(0, 'state');
    const { name } = this.#topic;
    const message = `the state of topic ${name} is beyond ${SNAPSHOT_CHARACTERS} characters`;
    this.#context.reportOnce(`state:${name}`, 'too_large', message);
    this.stop();
    this.#become({ state: 'refused', code: 'too_large', message });
  }

  /** A critical event that no page has taken is asked for again where the server would not repeat it. */
  get #from(): TopicPlace | null {
    const { from, knowledge } = this.#topic;
    const oldest = this.#isOwedNothing ? knowledge?.criticals.waiting[0] : undefined;
    return from && oldest && oldest.offset <= from.offset
      ? { epoch: from.epoch, offset: oldest.offset - 1, ts: 0 }
      : from;
  }

  get #deadline(): DeadlineName {
    return `topic:${this.#topic.name}`;
  }

  /** The first failure is mended at once; after that it takes longer each time. */
  #askAgain(attempt: number, wants: Wants = 'all'): void {
    if (attempt <= 1) this.ask(attempt, wants);
    else this.#askLater(attempt, wants);
  }

  #askLater(attempt: number, wants: Wants, refusal: Refusal | null = null): void {
    this.#become({ state: 'waiting', attempt, wants, refusal });
    const waitMs = retryWaitMs(this.#context, attempt - 1);
    this.#context.after(this.#deadline, waitMs, () => this.ask(attempt, wants));
  }

  /** An answer is due; it is asked for again when it does not come. */
  #await(asked: Asked): void {
    this.#become(asked);
    this.#awaitFor(asked, Math.min(ANSWER_TIMEOUT_MS * 2 ** asked.attempt, ANSWER_TIMEOUT_MAX_MS));
  }

  #awaitFor(asked: Asked, waitMs: number): void {
    this.#context.after(this.#deadline, waitMs, () => {
      // To ask again would only bring the same once more: what was asked is behind what the line carries.
      const leftMs = ANSWER_TIMEOUT_MS - this.#socket.unburdenedMs;
      if (leftMs > 0) this.#awaitFor(asked, leftMs);
      else this.ask(asked.attempt + 1, asked.wants);
    });
  }

  #live({ request, attempt }: Asked, replayUntil: number): void {
    this.#isOwedNothing = false;
    this.#become({ state: 'live', request, attempt, since: this.#context.now, replayUntil });
    this.acknowledge();
  }

  /** A state's deadline ends with it. */
  #become(phase: Phase): void {
    this.#context.deadlines.clear(this.#deadline);
    this.#phase = phase;
    this.#topic.statusChanged();
  }
}
