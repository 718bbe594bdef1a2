import type { Outcome } from '../../src/index.ts';
import type { Who } from './people.ts';
import { BRIEF_TTL_MS, type CommandName } from './protocol.ts';

export type Status = Outcome['status'];
/** What a person asked of an entry, and what came of it. */
export type Wish = 'cancel' | 'retry' | 'dismiss';
export interface Act {
  readonly wish: Wish;
  /** What the entry was when it was asked. */
  readonly seen: string;
  answer: 'open' | 'done' | 'refused' | 'unknown';
}
/** One promise of an outcome. */
export interface Receipt {
  readonly tab: number;
  readonly durable: boolean;
  outcome: Outcome | null;
}

/** What a `send` came to. */
export type SendAnswer =
  | { readonly is: 'asked' }
  | { readonly is: 'refused'; readonly code: string }
  | { readonly is: 'taken'; readonly id: string; readonly durable: boolean };

/** What a hub may be wrong by about the server's clock, on a slow line. */
const CLOCKS_DIFFER_MS = 15_000;

/** Whether an entry of the outbox that is called so is still to end. */
export function isPendingState(state: string): boolean {
  return ['queued', 'sent', 'waiting', 'withdrawing'].includes(state);
}

/** That it never ran, each of these says. */
const NEVER_RAN: readonly Status[] = ['cancelled', 'expired', 'dropped', 'replaced', 'rejected'];

/** What may be told of a command, given all that happened around it. */
export interface Circumstances {
  /** A page may have given up a worker that lived on, or was closed: it says that it does not know. */
  mayLoseHubs: boolean;
  /** The server's memory of what it accepted was cut short, as it said itself. */
  serverForgot: boolean;
  storeFailed: boolean;
  /** The plain dialect is spoken, whose server cannot say what it has forgotten. */
  isPlain: boolean;
  /** A hub's idea of the server's time may have been too early for a while. */
  clocksWereSet: boolean;
  serversClockWasSet: boolean;
  /** The server has taken the browser for somebody else's for a while. */
  someoneElse: boolean;
}

/** All that is known of one command, by the number in it. Whatever contradicts it is a problem at once. */
export class Account {
  readonly n: number;
  readonly command: CommandName;
  readonly topic: string;
  readonly who: Who;
  readonly tab: number;
  /** The gate that it decides, or the knob that it turns, where it does either. */
  readonly key: string | null;
  readonly requireDurable: boolean;
  /** By the time that has passed in this world. */
  readonly askedAt: number;
  readonly circumstances: Circumstances;
  readonly #elapsed: () => number;
  readonly #problem: (text: string) => void;
  send: SendAnswer = { is: 'asked' };
  readonly receipts: Receipt[] = [];
  readonly acts: Act[] = [];
  /** Under which principals it was accepted. */
  readonly runs: string[] = [];
  /** Everything that any page was told, in order. */
  readonly tellings: Status[] = [];
  /** When a page was first told that it is uncertain. */
  uncertainAt = Number.POSITIVE_INFINITY;
  /** Its place among all commands by when some disk first had a row of it; `null`: none has. */
  firstStored: number | null = null;
  /** When a frame of it last left, or some disk first said that it may have, as the time has passed; 0: none did. */
  leftAt = 0;
  #attempt = 0;
  /** So many of its runs were lost with the log, in a way that nobody can notice. */
  unnoticed = 0;
  /** A frame of it has reached the server, which has not said since, for good, that none of it ran. */
  isHandedOver = false;
  /** The server has said that it never ran, or never will. */
  isDenied = false;
  /** The server has said for good that it is not accepted. */
  isRefusedForGood = false;
  /** A person was told that it is sent no more, though how it ended is to be found out. */
  isWithdrawn = false;
  hasBegun = false;
  /** A disk, or a page, has it that a newer one took its place. */
  isReplaced = false;
  /** Some hub has died, or was stopped, after it was asked for. */
  outlivedHub = false;
  /** Its page has lost the hub that it was given to before that answered, and gave it to another one. */
  isOfferedAnew = false;
  /** Power was lost after it was asked for. */
  outlivedPowerLoss = false;
  /** A sign-out that empties the outbox came after it; `unsent`: it was told that it had not left. */
  discarded: 'no' | 'perhaps' | 'unsent' = 'no';

  constructor(
    about: Pick<Account, 'n' | 'command' | 'topic' | 'who' | 'tab' | 'key' | 'requireDurable' | 'askedAt'>,
    circumstances: Circumstances,
    elapsed: () => number,
    problem: (text: string) => void,
  ) {
    this.n = about.n;
    this.command = about.command;
    this.topic = about.topic;
    this.who = about.who;
    this.tab = about.tab;
    this.key = about.key;
    this.requireDurable = about.requireDurable;
    this.askedAt = about.askedAt;
    this.circumstances = circumstances;
    this.#elapsed = elapsed;
    this.#problem = (text) => problem(`command ${about.n} (${about.command}) ${text}`);
  }

  get id(): string | null {
    return this.send.is === 'taken' ? this.send.id : null;
  }

  /** Somebody has asked for it to be sent again, and was not refused. */
  get isRetried(): boolean {
    return this.acts.some(({ wish, answer }) => wish === 'retry' && answer !== 'refused');
  }

  refused(code: string): void {
    this.send = { is: 'refused', code };
    if (this.runs.length > 0) this.#judgeRefusal();
  }

  taken(id: string, durable: boolean): void {
    this.send = { is: 'taken', id, durable };
    if (this.requireDurable && !durable) this.#problem('had to be durable, and was taken without');
  }

  told(status: Status): void {
    if (status !== 'forgotten' && this.tellings.includes('forgotten') && !this.isRetried)
      this.#problem(`was called forgotten, and then ${status}`);
    this.tellings.push(status);
    if (status === 'replaced') this.isReplaced = true;
    if (status === 'uncertain') this.uncertainAt = Math.min(this.uncertainAt, this.#elapsed());
    if (status === 'accepted' && this.runs.length === 0) this.#problem('is called accepted, and never ran');
    if (this.runs.length > 0 && !this.mayBeCalled(status)) this.#problem(`ran, and is called ${status}`);
  }

  /** Of one that has run: a server that has forgotten may refuse it later, and what was told before may be heard late. */
  mayBeCalled(status: Status): boolean {
    if (!NEVER_RAN.includes(status)) return true;
    if ((this.#isStranger || this.unnoticed > 0) && this.isDenied) return true;
    if (!this.isRetried) return false;
    return this.isDenied || this.acts.some(({ wish, seen }) => wish === 'retry' && seen === status);
  }

  /** A frame of it has reached the server. */
  handedOver(): void {
    this.isHandedOver = true;
  }

  /**
   * A hub has written a frame of it. What another one wrote before its end may arrive later than a word on it. One that the
   * server accepted before it was taken back is only told the same again: a store that failed may lack that, and the next hub
   * finds it out by the command itself.
   */
  left(at: number, attempt: number): void {
    this.leftAt = at;
    this.#attempt = attempt;
    if (this.isWithdrawn && this.runs.length === 0) this.#problem('was taken back, and is sent again');
  }

  /** A disk says so. A hub that is stopped then writes no frame, of which the next one knows nothing. */
  marked(at: number, attempt: number): void {
    if (attempt <= this.#attempt) return;
    this.leftAt = at;
    this.#attempt = attempt;
  }

  /** A handler has begun it. @param elapsed the time that has passed in this world */
  begins(elapsed: number): void {
    this.hasBegun = true;
    const { serversClockWasSet } = this.circumstances;
    if (this.command !== 'brief' || this.isRetried || serversClockWasSet) return;
    const ageMs = elapsed - this.askedAt;
    if (ageMs > BRIEF_TTL_MS + CLOCKS_DIFFER_MS)
      this.#problem(`was begun ${Math.round(ageMs)} ms after it was asked for`);
  }

  /** The server has said how it stands, and that no handler has begun it where `neverBegun`. */
  denied(isFinal: boolean, neverBegun: boolean): void {
    if (isFinal || neverBegun) this.isDenied = true;
    if (isFinal) this.isRefusedForGood = true;
    // Who asks for it once more has it begin anew: until a frame leaves, it can be dropped, expire, or be taken back.
    if (isFinal && neverBegun) this.isHandedOver = false;
    if (neverBegun && this.hasBegun && !this.circumstances.serverForgot && !this.#isStranger)
      this.#problem('was begun, and the server says that it never was');
  }

  ran(principal: string): void {
    this.runs.push(principal);
    // A person who sends again what is uncertain may have it run again, where the server has forgotten.
    const again = this.acts.filter(({ wish, seen, answer }) => {
      return wish === 'retry' && answer !== 'refused' && seen === 'uncertain';
    });
    const allowed = 1 + this.unnoticed + (this.circumstances.serverForgot ? again.length : 0);
    const times = this.runs.filter((other) => other === principal).length;
    const isAtLeastOnce = this.circumstances.isPlain && this.circumstances.serverForgot;
    if (times > allowed && !isAtLeastOnce) this.#problem(`was accepted ${times} times`);
    this.#judgeRefusal();
    const told = this.tellings.find((status) => NEVER_RAN.includes(status));
    if (told && !this.isRetried) this.#problem(`was called ${told}, and ran`);
    if (this.discarded === 'unsent') this.#problem('was discarded before it was sent, and ran');
  }

  /** It was accepted by a log that is lost since, of which what is left cannot notice what came before this. */
  lost(unnoticedUntil: number): void {
    const { clocksWereSet, storeFailed } = this.circumstances;
    const sentAt = storeFailed || this.outlivedPowerLoss ? this.askedAt : this.leftAt;
    if (clocksWereSet || sentAt <= unnoticedUntil) this.unnoticed++;
  }

  /** A hub that cannot read whose the outbox is may have asked as somebody else. */
  get #isStranger(): boolean {
    return this.circumstances.someoneElse && this.circumstances.storeFailed;
  }

  #judgeRefusal(): void {
    if (this.send.is !== 'refused') return;
    const { code } = this.send;
    if (code === 'unconfirmed' || (code === 'hub_lost' && this.circumstances.mayLoseHubs)) return;
    this.#problem(`was refused to the page (${code}), and ran`);
  }
}
