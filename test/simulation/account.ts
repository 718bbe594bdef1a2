import type { Outcome } from '../../src/index.ts';
import type { Who } from './people.ts';
import type { CommandName } from './protocol.ts';

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

/** That it never ran, each of these says. */
const NEVER_RAN: readonly Status[] = ['cancelled', 'expired', 'dropped', 'rejected'];

/** What may be told of a command, given all that happened around it. */
export interface Circumstances {
  /** A page may have given up a worker that lived on, or was closed: it says that it does not know. */
  mayLoseHubs: boolean;
  /** The server's memory of what it accepted was cut short, as it said itself. */
  serverForgot: boolean;
}

/** All that is known of one command, by the number in it. Whatever contradicts it is a problem at once. */
export class Account {
  readonly n: number;
  readonly command: CommandName;
  readonly topic: string;
  readonly who: Who;
  readonly tab: number;
  /** The gate that it decides, where it decides one. */
  readonly key: string | null;
  readonly requireDurable: boolean;
  readonly circumstances: Circumstances;
  readonly #problem: (text: string) => void;
  send: SendAnswer = { is: 'asked' };
  readonly receipts: Receipt[] = [];
  readonly acts: Act[] = [];
  /** Under which principals it was accepted. */
  readonly runs: string[] = [];
  /** Everything that any page was told, in order. */
  readonly tellings: Status[] = [];
  /** A frame of it has reached the server. */
  isHandedOver = false;
  /** Power was lost after it was asked for. */
  outlivedPowerLoss = false;
  /** A sign-out that empties the outbox came after it; `unsent`: it was told that it had not left. */
  discarded: 'no' | 'perhaps' | 'unsent' = 'no';

  constructor(
    about: Pick<Account, 'n' | 'command' | 'topic' | 'who' | 'tab' | 'key' | 'requireDurable'>,
    circumstances: Circumstances,
    problem: (text: string) => void,
  ) {
    this.n = about.n;
    this.command = about.command;
    this.topic = about.topic;
    this.who = about.who;
    this.tab = about.tab;
    this.key = about.key;
    this.requireDurable = about.requireDurable;
    this.circumstances = circumstances;
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
    this.tellings.push(status);
    if (status === 'accepted' && this.runs.length === 0) this.#problem('is called accepted, and never ran');
    if (NEVER_RAN.includes(status) && this.runs.length > 0 && !this.isRetried)
      this.#problem(`ran, and is called ${status}`);
  }

  ran(principal: string): void {
    this.runs.push(principal);
    // A person who sends again what is uncertain may have it run again, where the server has forgotten.
    const again = this.acts.filter(({ wish, seen, answer }) => {
      return wish === 'retry' && answer !== 'refused' && seen === 'uncertain';
    });
    const allowed = 1 + (this.circumstances.serverForgot ? again.length : 0);
    const times = this.runs.filter((other) => other === principal).length;
    if (times > allowed) this.#problem(`was accepted ${times} times`);
    this.#judgeRefusal();
    const told = this.tellings.find((status) => NEVER_RAN.includes(status));
    if (told && !this.isRetried) this.#problem(`was called ${told}, and ran`);
    if (this.discarded === 'unsent') this.#problem('was discarded before it was sent, and ran');
  }

  #judgeRefusal(): void {
    if (this.send.is !== 'refused') return;
    const { code } = this.send;
    if (code === 'unconfirmed' || (code === 'hub_lost' && this.circumstances.mayLoseHubs)) return;
    this.#problem(`was refused to the page (${code}), and ran`);
  }
}
