/** What all parts of one hub share: its configuration, the time of the current step, and its ways out. */
import type { HubCounts } from '../../src/protocol/model.ts';
import type { ErrorCode, HubMessage } from '../../src/protocol/port.ts';
import type { AnyProtocol } from '../../src/protocol/types.ts';
import { ServerClock } from './connection/server-clock.ts';
import { type DeadlineName, Deadlines } from './deadlines.ts';
import type { PlainSupport } from './dialect/plain-support.ts';
import { foundImpossible } from './impossible.ts';
import type { Effect } from './io.ts';
import type { Sessions } from './sessions.ts';
import type { HubSettings } from './settings.ts';

/** A server that makes up names without end must not fill the memory: beyond this, subjects are only counted. */
const REPORTED_LIMIT = 100;
/** What is longer counts as one subject. */
const SUBJECT_CHARACTERS = 200;
const MESSAGE_CHARACTERS = 2_000;
/** What the browser's clock and the worker's own count may differ by, from one step to the next, without a word. */
const AGREE_MS = 1_000;
/** Of a wait that a sleep does not use up. */
const AWAKE_STEPS = 10;

export interface HubOptions {
  protocol: AnyProtocol;
  settings: HubSettings;
  /** Fresh for every hub. */
  ownershipId: string;
  identity: string;
  /** Of this identity, from the worker's earlier hubs on. */
  sessions: Sessions;
  /** Uniform in [0, 1). */
  random: () => number;
  /** Fresh for every call. */
  uuid: () => string;
  now: number;
  ticks: number;
  /** Where no page can ask for the plain dialect there is none. */
  plain?: PlainSupport | undefined;
}

export class Context {
  readonly protocol: AnyProtocol;
  readonly settings: HubSettings;
  readonly ownershipId: string;
  readonly identity: string;
  readonly random: () => number;
  readonly uuid: () => string;
  readonly deadlines = new Deadlines();
  readonly serverClock = new ServerClock();
  /** As the store knows them. */
  suspects: readonly string[] = [];
  /** The store lacks what memory holds: an ownership that ended now would lose it. The store writer says so. */
  isAloneInMemory = false;
  readonly counts: HubCounts = {
    messagesIn: 0,
    messagesOut: 0,
    charactersIn: 0,
    charactersOut: 0,
    events: 0,
    batches: 0,
    malformedFrames: 0,
    unknownFrames: 0,
    oversizedMessages: 0,
    unknownEvents: 0,
    invalidEvents: 0,
    repeats: 0,
    holes: 0,
    resyncs: 0,
    dropped: 0,
    gaps: 0,
    lateCallbacks: 0,
  };
  /** The browser's clock, ms since 1970: for what is stored or shown. */
  now: number;
  /** Milliseconds that never run backwards, whatever happens to the clock: for what is measured. */
  uptime = 0;
  /** The same as the worker counts it by itself: it may stand still in a sleep, and only here is the clock not asked. */
  ticks: number;
  #effects: Effect[] = [];
  #messages: HubMessage[] = [];
  readonly #reported = new Set<string>();

  constructor({ protocol, settings, ownershipId, identity, random, uuid, now, ticks }: HubOptions) {
    this.protocol = protocol;
    this.settings = settings;
    this.ownershipId = ownershipId;
    this.identity = identity;
    this.random = random;
    this.uuid = uuid;
    this.now = now;
    this.ticks = ticks;
  }

  /** The server's clock, ms since 1970; `null`: no server was heard yet. */
  get serverNow(): number | null {
    return this.serverClock.at(this.uptime);
  }

  /** The same, and `null` as well while a clock may have been set since. */
  get certainServerNow(): number | null {
    return this.serverClock.certainAt(this.uptime);
  }

  /**
   * A clock that was set back is understood, also while this worker stood still: what was to be waited for stays as long,
   * and what has passed has passed.
   */
  tick(now: number, ticks: number): void {
    const byClock = now - this.now;
    const counted = ticks - this.ticks;
    const wasSetBack = byClock < Math.max(0, counted - AGREE_MS);
    if (wasSetBack) this.deadlines.shift(byClock - counted);
    else if (byClock > counted + AGREE_MS) this.serverClock.doubt();
    this.uptime += wasSetBack ? counted : byClock;
    this.now = now;
    this.ticks = ticks;
    this.deadlines.runDue(now);
  }

  /**
   * Sets a deadline; one of the same name is replaced. What is to be waited for is never due at once, though it may be less
   * than the clock shows: it would be set anew, and be due, without end.
   */
  after(name: DeadlineName, ms: number, run: () => void): void {
    const at = this.now + ms;
    this.deadlines.set(name, ms > 0 && at === this.now ? at + 1 : at, run);
  }

  /**
   * As `after`, for what somebody else is given to do in that time: a sleep, or a clock that was set ahead, counts as one
   * step of it at most.
   */
  afterAwake(name: DeadlineName, ms: number, run: () => void): void {
    let left = AWAKE_STEPS;
    const step = () => {
      if (left-- === 0) run();
      else this.after(name, ms / AWAKE_STEPS, step);
    };
    step();
  }

  emit(effect: Effect): void {
    this.#effects.push(effect);
  }

  takeEffects(): Effect[] {
    const effects = this.#effects;
    this.#effects = [];
    return effects;
  }

  log(level: 'debug' | 'warn', message: string): void {
    this.#messages.push({ kind: 'log', level, message: shortened(message) });
  }

  /** For the application's `onError`, once for each subject. */
  reportOnce(subject: string, code: ErrorCode, message: string): void {
    const known = subject.length > SUBJECT_CHARACTERS ? 'a long name' : subject;
    if (this.#reported.has(known) || this.#reported.size > REPORTED_LIMIT) return;
    this.#reported.add(known);
    this.report(code, message);
    if (this.#reported.size > REPORTED_LIMIT)
      this.log('warn', `${REPORTED_LIMIT} kinds of faults were reported; more are only counted`);
  }

  report(code: ErrorCode, message: string): void {
    this.#messages.push({ kind: 'error', code, message: shortened(message) });
  }

  /**
   * Looks at what a transition starts from.
   *
   * @param impossible what it is where that does not hold, as a sentence
   * @param id of the command that it is about
   * @throws Impossible
   */
  assert(holds: boolean, impossible: string, id?: string): void {
    if (!holds) foundImpossible(this, impossible, id);
  }

  takeMessages(): HubMessage[] {
    const messages = this.#messages;
    this.#messages = [];
    return messages;
  }
}

function shortened(message: string): string {
  return message.length > MESSAGE_CHARACTERS ? `${message.slice(0, MESSAGE_CHARACTERS)}…` : message;
}
