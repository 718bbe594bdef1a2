/** Follows one socket, and judges how its connection begins and ends, and what time it is told. */

import type { ServerFrame } from '../../protocol/frames/index.ts';
import { closeCodeOf, type GoodbyeCode } from '../../protocol/goodbye-codes.ts';
import type { Find } from './table.ts';

/** What the server said of its time on any connection so far. */
export interface ToldTimes {
  serverTime: number;
  dedupeSince: number;
}

const CODES: readonly string[] = [
  'unauthorized',
  'identity_mismatch',
  'superseded',
  'draining',
  'bad_frame',
  'unsupported',
  'overloaded',
] satisfies readonly GoodbyeCode[];
const isKnown = (code: string): code is GoodbyeCode => CODES.includes(code);

export class ConnectionFollower {
  readonly #find: Find;
  readonly #told: ToldTimes;
  /** What was told before this socket asked: only that comes before its answer in any order. */
  #before: ToldTimes = { serverTime: 0, dedupeSince: 0 };
  #isWelcome = false;
  #goodbye: string | null = null;

  constructor(find: Find, told: ToldTimes) {
    this.#find = find;
    this.#told = told;
  }

  saidHello(): void {
    this.#before = { ...this.#told };
  }

  heard(frame: ServerFrame): void {
    if (this.#goodbye !== null) {
      this.#find('goodbye/close-code', `a \`${frame.type}\` after \`goodbye\` ${this.#goodbye}`);
      return;
    }
    if (frame.type === 'goodbye') {
      this.#goodbye = frame.code;
      return;
    }
    if (frame.type !== 'welcome') {
      this.#find('frames/welcome', this.#isWelcome ? null : `a \`${frame.type}\` came before \`welcome\``);
      return;
    }
    this.#find('frames/welcome', this.#isWelcome ? 'a second `welcome` on one connection' : null);
    this.#isWelcome = true;
    const { server_time, dedupe_since } = frame;
    const { serverTime, dedupeSince } = this.#before;
    this.#find(
      'time/server-time',
      server_time >= serverTime ? null : `\`server_time\` ${server_time} after ${serverTime} was told`,
    );
    this.#find(
      'time/dedupe-since',
      dedupe_since >= dedupeSince
        ? dedupe_since <= server_time
          ? null
          : `\`dedupe_since\` ${dedupe_since} is later than \`server_time\` ${server_time}`
        : `\`dedupe_since\` ${dedupe_since} after ${dedupeSince} was told: what was forgotten is said to be remembered`,
    );
    this.#told.serverTime = Math.max(this.#told.serverTime, server_time);
    this.#told.dedupeSince = Math.max(this.#told.dedupeSince, dedupe_since);
  }

  closed(code: number): void {
    if (this.#goodbye === null || !isKnown(this.#goodbye)) return;
    const wanted = closeCodeOf(this.#goodbye);
    this.#find(
      'goodbye/close-code',
      code === wanted
        ? null
        : `the socket was closed with ${code} after \`goodbye\` ${this.#goodbye}, not with ${wanted}`,
    );
  }
}
