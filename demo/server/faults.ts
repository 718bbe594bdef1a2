import type { Server } from 'trunkline/server';
import * as z from 'zod/mini';
import { type ConsoleProtocol, runTopic } from '../engine/protocol.ts';
import { flood } from './flood.ts';
import type { Line, LineState } from './line.ts';

const seconds = z.number().check(z.positive(), z.maximum(600));
/** What a page may ask for, by `POST /faults/<name>`. */
export const faultRequests = {
  /** `pages`: they are not served either, nor is an end of it before its time. */
  cut: z.object({ seconds, pages: z._default(z.boolean(), false) }),
  'half-open': z.object({ seconds }),
  /** `soft` says goodbye; `seconds` is for how long it is away. */
  restart: z.object({
    kind: z.enum(['soft', 'hard']),
    seconds: z._default(z.number().check(z.nonnegative(), z.maximum(600)), 1),
  }),
  flood: z.object({
    runId: z.string().check(z.minLength(1), z.maxLength(100)),
    perSecond: z.number().check(z.positive(), z.maximum(20_000)),
    seconds: z.number().check(z.positive(), z.maximum(120)),
  }),
  /** Ends a cut, a half-open line and a flood. */
  mend: z.object({}),
};
export type FaultRequests = { [K in keyof typeof faultRequests]: z.infer<(typeof faultRequests)[K]> };

export interface FaultState {
  readonly line: LineState;
  readonly restarting: boolean;
  readonly floods: number;
}

export interface FaultTargets {
  readonly line: Line;
  readonly restarting: () => boolean;
  /** `null` while it restarts. */
  server(): Server<ConsoleProtocol> | null;
  restart(how: 'soft' | 'hard', awayMs: number): Promise<void>;
  report(error: unknown, about: string): void;
}

/** Faults on demand, to see that promises are kept. None of them waits until the fault is over. */
export class Faults {
  readonly #targets: FaultTargets;
  #floods = new Set<AbortController>();

  constructor(targets: FaultTargets) {
    this.#targets = targets;
  }

  get state(): FaultState {
    const { line, restarting } = this.#targets;
    return { line: line.state, restarting: restarting(), floods: this.#floods.size };
  }

  /** Whether a request for a page is to break, as where no server is. */
  get arePagesGone(): boolean {
    const { line } = this.state;
    return line.is === 'cut' && line.pages;
  }

  cut(request: FaultRequests['cut']): void {
    this.#targets.line.cut(request.seconds * 1_000, request.pages);
  }

  halfOpen(request: FaultRequests['half-open']): void {
    this.#targets.line.halfOpen(request.seconds * 1_000);
  }

  restart({ kind, seconds }: FaultRequests['restart']): void {
    const { restart, report } = this.#targets;
    restart(kind, seconds * 1_000).catch((error) => report(error, 'restarting the server'));
  }

  flood({ runId, perSecond, seconds }: FaultRequests['flood']): void {
    const abort = new AbortController();
    this.#floods.add(abort);
    flood(async (event) => await this.#targets.server()?.publish(runTopic(runId), event), {
      perSecond,
      seconds,
      signal: abort.signal,
    })
      .catch((error) => this.#targets.report(error, 'flooding'))
      .finally(() => this.#floods.delete(abort));
  }

  mend(): void {
    this.#targets.line.mend();
    for (const abort of this.#floods) abort.abort();
  }
}
