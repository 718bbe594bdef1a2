/**
 * Runs the commands of each client and topic in the order of their arrival, each finished before the next, over all of
 * the client's connections. A repeat of one that is not yet answered waits for that answer; so does the wish to withdraw
 * it, which stands in no lane.
 */
import type { ClientFrameOf } from '../../protocol/frames/index.ts';
import type { ClientKey, CommandKey, JsonText, Principal } from '../log/event-log.ts';
import { byteLength } from './bytes.ts';
import { type Answer, overloaded } from './command-answer.ts';
import { type Deferred, deferred } from './deferred.ts';
import { commandAckText, frameText } from './frames.ts';
import type { Limits } from './limits.ts';
import type { ServerStats } from './stats.ts';

export type CommandFrame = ClientFrameOf['command'];

/** The connection, as its commands see it. */
export interface Requester {
  readonly client: ClientKey;
  /** False once it was superseded, disconnected or drained: nothing of it is started any more. */
  readonly mayRun: boolean;
  /** False once it was superseded while it was there: what its commands did so far is not committed. */
  readonly mayCommit: boolean;
  /** It was told that commands are remembered since then. */
  readonly rememberedSince: number;
  /** No command of it is started from here on. */
  stopCommands(): void;
  /** What it was told is so no more: only another `welcome` can say so. */
  outlivedMemory(): void;
  /** Does nothing where the connection is over: the client asks again. */
  send(frame: string): void;
  fits(frame: string): boolean;
  mayWrite(topic: string): Promise<boolean>;
}

/** Of a command in its lane. */
export interface Turn {
  /** Asked before each call of the handler. */
  readonly mayRun: () => boolean;
  /** It was begun ahead. */
  readonly isBegun: boolean;
  /** The handler has returned, and what it did is about to be committed. */
  readonly ran: () => void;
}

/** Never rejects. */
export type Execute = (frame: CommandFrame, requester: Requester, turn: Turn) => Promise<Answer>;
/** Never rejects. */
export type BeginAhead = (frame: CommandFrame, requester: Requester) => Promise<boolean>;
/** Never rejects. */
export type Withdraw = (command: CommandKey, requester: Requester) => Promise<Answer>;

interface Arrival {
  readonly requester: Requester;
  readonly id: string;
  readonly answer: Deferred<Answer>;
  /** The same id, not yet answered when this one arrived. */
  readonly earlier: Pending | Arrival | null;
}
interface Pending extends Arrival {
  readonly frame: CommandFrame;
  /** Those of its client and topic: what runs, and what waits behind it. */
  readonly lane: Pending[];
  /** A `withdraw` of its id has come since: no handler of it begins any more. */
  withdrawn: boolean;
  /** Whether it was begun while the one before it was committed; `null` where that was not tried. */
  begunAhead: Promise<boolean> | null;
}

/** What a command that waits takes at least. */
const SMALLEST_COMMAND_BYTES = 1_024;

export class Commands {
  readonly #execute: Execute;
  readonly #beginAhead: BeginAhead;
  readonly #withdraw: Withdraw;
  readonly #stats: ServerStats;
  readonly #limits: Limits;
  #stopped = false;
  /** Why no command is taken on for now. */
  #refusing: string | null = null;
  readonly #lanes = new Map<string, Pending[]>();
  /** The newest arrival of each id. */
  readonly #byId = new Map<string, Pending | Arrival>();
  /** What waits or runs, by principal: also of connections that are gone. */
  readonly #bytes = new Map<Principal, number>();
  readonly #requesters = new Map<Requester, { pending: number; readonly settled: Deferred<void> }>();

  constructor(
    execute: Execute,
    beginAhead: BeginAhead,
    withdraw: Withdraw,
    stats: ServerStats,
    limits: Limits,
  ) {
    this.#execute = execute;
    this.#beginAhead = beginAhead;
    this.#withdraw = withdraw;
    this.#stats = stats;
    this.#limits = limits;
  }

  /** From now on commands are refused for now; `null`: not any more. */
  refuseNew(why: string | null): void {
    this.#refusing = why;
  }

  receive(requester: Requester, frame: CommandFrame): void {
    this.#stats.commands.received += 1;
    if (this.#refusing !== null) {
      this.#refuseForNow(requester, frame.id, this.#refusing);
      return;
    }
    const arrival = this.#arrive(requester, frame.id, this.#bytesOf(frame));
    if (!arrival) return;
    const { principal, clientId } = requester.client;
    const laneKey = JSON.stringify([principal, clientId, frame.topic ?? null]);
    const waiting = this.#lanes.get(laneKey);
    const lane = waiting ?? [];
    const pending: Pending = { ...arrival, frame, lane, withdrawn: false, begunAhead: null };
    this.#enter(pending);
    lane.push(pending);
    if (waiting) return;
    this.#lanes.set(laneKey, lane);
    void this.#runLane(laneKey, lane);
  }

  /** Answered when what runs of the id has ended; what waits of it leaves its lane at once. */
  withdraw(requester: Requester, id: string): void {
    const arrival = this.#arrive(requester, id, SMALLEST_COMMAND_BYTES);
    if (!arrival) return;
    this.#enter(arrival);
    for (let one = arrival.earlier; one; one = one.earlier) {
      if (!('lane' in one)) continue;
      one.withdrawn = true;
      const place = one.lane.indexOf(one);
      if (place <= 0) continue;
      one.lane.splice(place, 1);
      one.answer.resolve({ status: 'abandoned' });
    }
    void this.#endIt(arrival);
  }

  /** `null` where it is refused for now. */
  #arrive(requester: Requester, id: string, bytes: number): Arrival | null {
    const { principal } = requester.client;
    const own = this.#requesters.get(requester) ?? { pending: 0, settled: deferred<void>() };
    const waiting = this.#bytes.get(principal) ?? 0;
    if (own.pending >= this.#limits.commandsPerConnection) {
      this.#refuseForNow(requester, id, `${own.pending} commands of this connection are waiting`);
      return null;
    }
    // One alone is never too large: else it could never run.
    if (waiting > 0 && waiting + bytes > this.#limits.commandBytesPerPrincipal) {
      this.#refuseForNow(requester, id, `${waiting} bytes of commands are waiting`);
      return null;
    }
    own.pending += 1;
    this.#requesters.set(requester, own);
    this.#bytes.set(principal, waiting + bytes);
    const answer = deferred<Answer>();
    void answer.promise.then(() => {
      this.#release(principal, bytes);
      own.pending -= 1;
      if (own.pending > 0) return;
      this.#requesters.delete(requester);
      own.settled.resolve();
    });
    return { requester, id, answer, earlier: this.#byId.get(idKeyOf(requester, id)) ?? null };
  }

  /** From here on it is the newest of its id. */
  #enter(arrival: Arrival): void {
    const idKey = idKeyOf(arrival.requester, arrival.id);
    this.#byId.set(idKey, arrival);
    void arrival.answer.promise.then(() => {
      if (this.#byId.get(idKey) === arrival) this.#byId.delete(idKey);
    });
  }

  #refuseForNow(requester: Requester, id: string, why: string): void {
    this.#reply(requester, id, overloaded(why));
  }

  #bytesOf({ command }: CommandFrame): number {
    try {
      return Math.max(SMALLEST_COMMAND_BYTES, byteLength(JSON.stringify(command)));
    } catch {
      // Nested too deeply to be written again.
      return this.#limits.maxFrameBytes;
    }
  }

  #release(principal: Principal, bytes: number): void {
    const left = (this.#bytes.get(principal) ?? 0) - bytes;
    if (left > 0) this.#bytes.set(principal, left);
    else this.#bytes.delete(principal);
  }

  get inProgress(): number {
    return this.#byId.size;
  }

  /** Resolves when all commands that arrived on this connection are answered or abandoned. */
  async settled(requester: Requester): Promise<void> {
    await this.#requesters.get(requester)?.settled.promise;
  }

  /** Of what the principal has sent nothing more is started, also where its connection is gone. */
  startNoMoreOf(principal: Principal): void {
    for (const requester of this.#requesters.keys())
      if (requester.client.principal === principal) requester.stopCommands();
  }

  /** Starts nothing from here on; resolves when everything that runs has ended. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.all([...this.#requesters.values()].map(({ settled }) => settled.promise));
  }

  async #runLane(key: string, lane: Pending[]): Promise<void> {
    for (let next = lane[0]; next; next = lane[0]) {
      const answer = await this.#perform(next);
      this.#reply(next.requester, next.id, answer);
      next.answer.resolve(answer);
      lane.shift();
    }
    this.#lanes.delete(key);
  }

  async #perform(pending: Pending): Promise<Answer> {
    const { requester, frame, earlier } = pending;
    if (earlier) {
      // An earlier one can only wait for still earlier arrivals, so that no two wait for each other.
      const answer = await earlier.answer.promise;
      if (answer.status === 'accepted') return { ...answer, duplicate: true };
      if (answer.status === 'refused') return answer;
    }
    const isBegun = pending.begunAhead !== null && (await pending.begunAhead);
    const mayRun = () => this.#mayRun(pending);
    const ran = () => this.#prepareNext(pending);
    return mayRun()
      ? await this.#execute(frame, requester, { mayRun, isBegun, ran })
      : { status: 'abandoned' };
  }

  #mayRun({ requester, withdrawn }: Pending): boolean {
    return requester.mayRun && !this.#stopped && !withdrawn;
  }

  /** One alone: of those behind it, a person may still withdraw what certainly never began. */
  #prepareNext({ lane }: Pending): void {
    const [, next] = lane;
    if (!next || next.earlier || next.begunAhead || !this.#mayRun(next)) return;
    next.begunAhead = this.#beginAhead(next.frame, next.requester);
  }

  async #endIt({ requester, id, answer, earlier }: Arrival): Promise<void> {
    const before = (await earlier?.answer.promise) ?? { status: 'abandoned' };
    let end = before;
    if (before.status === 'accepted') end = { ...before, duplicate: true };
    else if (before.status === 'abandoned' || before.retry) {
      const { principal } = requester.client;
      // A connection that was superseded does not decide any more what the client wants.
      const mayDecide = requester.mayRun && !this.#stopped;
      end = mayDecide ? await this.#withdraw({ principal, id }, requester) : { status: 'abandoned' };
    }
    this.#reply(requester, id, end);
    answer.resolve(end);
  }

  #reply(requester: Requester, id: string, answer: Answer): void {
    const { commands } = this.#stats;
    switch (answer.status) {
      case 'abandoned':
        return;
      case 'accepted':
        if (answer.duplicate) commands.duplicates += 1;
        else commands.accepted += 1;
        this.#acknowledge(requester, id, answer.duplicate, answer.result);
        return;
      case 'refused': {
        if (answer.retry) commands.deferred += 1;
        else commands.rejected += 1;
        const { code, message, retry, retryAfterMs, neverBegun } = answer;
        const wait = retryAfterMs === null ? {} : { retry_after_ms: retryAfterMs };
        const ran = neverBegun ? { ran: false as const } : {};
        requester.send(frameText({ type: 'command_nack', id, code, message, retry, ...wait, ...ran }));
      }
    }
  }
  #acknowledge(requester: Requester, id: string, duplicate: boolean, result: JsonText | null): void {
    const text = commandAckText(id, duplicate, result);
    if (requester.fits(text)) {
      requester.send(text);
      return;
    }
    // That it was accepted must be known, also to a client that cannot read the result.
    requester.send(commandAckText(id, duplicate, null));
    const message = `the result of command ${id} is larger than your max_frame_bytes, and left out`;
    requester.send(frameText({ type: 'error', code: 'too_large', message, ended: false }));
  }
}

function idKeyOf({ client }: Requester, id: string): string {
  return JSON.stringify([client.principal, id]);
}
