import type { ClientFrameOf } from '../../protocol/frames/index.ts';
import type { ClientKey, JsonText, Principal } from '../log/event-log.ts';
import { byteLength } from './bytes.ts';
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
  /** Does nothing where the connection is over: the client asks again. */
  send(frame: string): void;
  fits(frame: string): boolean;
  mayWrite(topic: string): Promise<boolean>;
}

interface Accepted {
  readonly status: 'accepted';
  readonly duplicate: boolean;
  readonly result: JsonText | null;
}
export type Answer =
  | Accepted
  | {
      readonly status: 'refused';
      readonly code: string;
      readonly message: string;
      readonly retry: boolean;
      readonly retryAfterMs: number | null;
    }
  /** Its connection may not run commands any more, and nothing of it was committed. */
  | { readonly status: 'abandoned' };

/** Never rejects. `mayRun` is asked before each call of the handler. */
export type Execute = (frame: CommandFrame, requester: Requester, mayRun: () => boolean) => Promise<Answer>;

interface Pending {
  readonly requester: Requester;
  readonly frame: CommandFrame;
  readonly answer: Deferred<Answer>;
  /** The same id, not yet answered when this one arrived. */
  readonly earlier: Pending | null;
}

const OVERLOADED_RETRY_MS = 1_000;
/** What a command that waits takes at least. */
const SMALLEST_COMMAND_BYTES = 1_024;

/**
 * Runs the commands of each client and topic in the order of their arrival, each finished before the next, over all of
 * the client's connections. A repeat of one that is not yet answered waits for that answer.
 */
export class Commands {
  readonly #execute: Execute;
  readonly #stats: ServerStats;
  readonly #limits: Limits;
  #stopped = false;
  readonly #lanes = new Map<string, Pending[]>();
  /** The newest arrival of each id. */
  readonly #byId = new Map<string, Pending>();
  /** What waits or runs, by principal: also of connections that are gone. */
  readonly #bytes = new Map<Principal, number>();
  readonly #requesters = new Map<Requester, { pending: number; readonly settled: Deferred<void> }>();

  constructor(execute: Execute, stats: ServerStats, limits: Limits) {
    this.#execute = execute;
    this.#stats = stats;
    this.#limits = limits;
  }

  receive(requester: Requester, frame: CommandFrame): void {
    this.#stats.commands.received += 1;
    const own = this.#requesters.get(requester) ?? { pending: 0, settled: deferred<void>() };
    const { principal, clientId } = requester.client;
    const bytes = this.#bytesOf(frame);
    const waiting = this.#bytes.get(principal) ?? 0;
    if (own.pending >= this.#limits.commandsPerConnection) {
      this.#refuseForNow(requester, frame, `${own.pending} commands of this connection are waiting`);
      return;
    }
    // One alone is never too large: else it could never run.
    if (waiting > 0 && waiting + bytes > this.#limits.commandBytesPerPrincipal) {
      this.#refuseForNow(requester, frame, `${waiting} bytes of commands are waiting`);
      return;
    }
    own.pending += 1;
    this.#requesters.set(requester, own);
    this.#bytes.set(principal, waiting + bytes);

    const idKey = JSON.stringify([principal, frame.id]);
    const pending: Pending = {
      requester,
      frame,
      answer: deferred(),
      earlier: this.#byId.get(idKey) ?? null,
    };
    this.#byId.set(idKey, pending);
    void pending.answer.promise.then(() => {
      if (this.#byId.get(idKey) === pending) this.#byId.delete(idKey);
      this.#release(principal, bytes);
      own.pending -= 1;
      if (own.pending > 0) return;
      this.#requesters.delete(requester);
      own.settled.resolve();
    });

    const laneKey = JSON.stringify([principal, clientId, frame.topic ?? null]);
    const lane = this.#lanes.get(laneKey);
    if (lane) lane.push(pending);
    else {
      this.#lanes.set(laneKey, [pending]);
      void this.#runLane(laneKey);
    }
  }

  #refuseForNow(requester: Requester, frame: CommandFrame, why: string): void {
    this.#reply(requester, frame, {
      status: 'refused',
      code: 'overloaded',
      message: `${why}; send it again later`,
      retry: true,
      retryAfterMs: OVERLOADED_RETRY_MS,
    });
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

  /** Starts nothing from here on; resolves when everything that runs has ended. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.all([...this.#requesters.values()].map(({ settled }) => settled.promise));
  }

  async #runLane(key: string): Promise<void> {
    const lane = this.#lanes.get(key) ?? [];
    for (let next = lane[0]; next; next = lane[0]) {
      const answer = await this.#perform(next);
      this.#reply(next.requester, next.frame, answer);
      next.answer.resolve(answer);
      lane.shift();
    }
    this.#lanes.delete(key);
  }

  async #perform({ requester, frame, earlier }: Pending): Promise<Answer> {
    if (earlier) {
      // An earlier one can only wait for still earlier arrivals, so that no two wait for each other.
      const answer = await earlier.answer.promise;
      if (answer.status === 'accepted') return { ...answer, duplicate: true };
      if (answer.status === 'refused') return answer;
    }
    const mayRun = () => requester.mayRun && !this.#stopped;
    return mayRun() ? await this.#execute(frame, requester, mayRun) : { status: 'abandoned' };
  }

  #reply(requester: Requester, { id }: CommandFrame, answer: Answer): void {
    const { commands } = this.#stats;
    switch (answer.status) {
      case 'abandoned':
        return;
      case 'accepted':
        if (answer.duplicate) commands.duplicates += 1;
        else commands.accepted += 1;
        this.#acknowledge(requester, id, answer);
        return;
      case 'refused': {
        if (answer.retry) commands.deferred += 1;
        else commands.rejected += 1;
        const { code, message, retry, retryAfterMs } = answer;
        const wait = retryAfterMs === null ? {} : { retry_after_ms: retryAfterMs };
        requester.send(frameText({ type: 'command_nack', id, code, message, retry, ...wait }));
      }
    }
  }
  #acknowledge(requester: Requester, id: string, { duplicate, result }: Accepted): void {
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
