/** What a hub waits for, and what is due. */
import type { TabId } from './io.ts';

/** What a hub waits for. Each is set in one file alone, which decides what it means. */
export type DeadlineName =
  /** hub-machine.ts: the store's opening. */
  | 'opening'
  /** demand.ts: a connection that nobody needs any more. */
  | 'idle'
  /** store-writer.ts: the next try of a store that failed. */
  | 'store'
  /** saved-states.ts: what has changed is written, or a store that failed is tried again. */
  | 'state'
  /** connection.ts: the next attempt, the welcome, the closing handshake. */
  | 'retry'
  | 'connect'
  | 'close'
  /** codec-dialect.ts: answers that were found while something was written. */
  | 'answers'
  /** heartbeat.ts */
  | 'heartbeat'
  | 'probe'
  /** token.ts: the tab that was asked. */
  | 'token'
  /** tab-batches.ts: the next batches; and how long a tab may take for one. */
  | 'flush'
  | `stall:${TabId}`
  /** topics.ts: positions that are to be stored; and a topic that nobody listens to any more. */
  | 'cursors'
  | `linger:${string}`
  /** server-subscription.ts: the server's answer, or the next question. */
  | `topic:${string}`
  /** expiry.ts: the next command whose time is over. */
  | 'ttl'
  /** dispatch.ts: frames that have left without an answer; answers that the line is asked for; and a command put off. */
  | 'written'
  | 'unanswered'
  | `retry:${string}`
  /** withdrawal.ts: the server's word on a command that is taken back. */
  | `withdraw:${string}`
  /** awaited-answers.ts: whoever waits for the store. */
  | `${AwaitedAnswer}:${string}`;
/** What somebody waits to hear the end of. */
export type AwaitedAnswer = 'send' | 'cancel' | 'dismiss' | 'sign out';

/**
 * Every time-out of the hub, by name. They are points on the clock, not running timers: a throttled or slept machine
 * wakes up to the truth.
 */
export class Deadlines<Name extends string = DeadlineName> {
  readonly #pending = new Map<Name, { at: number; run: () => void }>();

  /** Replaces a deadline of the same name. */
  set(name: Name, at: number, run: () => void): void {
    this.#pending.set(name, { at, run });
  }

  clear(name: Name): void {
    this.#pending.delete(name);
  }

  at(name: Name): number | null {
    return this.#pending.get(name)?.at ?? null;
  }

  get next(): number | null {
    let next: number | null = null;
    for (const { at } of this.#pending.values()) if (next === null || at < next) next = at;
    return next;
  }

  /** Runs what is due, in order of time. What these set anew waits for the next call, also if it is due already. */
  runDue(now: number): void {
    // At most steps nothing is due: this one is on the way of every event.
    if ((this.next ?? Number.POSITIVE_INFINITY) > now) return;
    const due = [...this.#pending].filter(([, { at }]) => at <= now).sort(([, a], [, b]) => a.at - b.at);
    for (const [name, deadline] of due) {
      if (this.#pending.get(name) !== deadline) continue;
      this.#pending.delete(name);
      deadline.run();
    }
  }

  /** The clock was set back: what was to be waited for stays as long. */
  shift(byMs: number): void {
    for (const deadline of this.#pending.values()) deadline.at += byMs;
  }
}
