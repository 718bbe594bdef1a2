/** What an application writes to run its commands. */
import type { CommandOf, CommandType, EventInput, EventOf, ResultIn } from '../protocol/types.ts';
import type { Principal } from './log/event-log.ts';

/** The newest event of a key. */
export interface LatestEvent<P> {
  /** For `expect`. */
  readonly offset: number;
  /** The schema's output. */
  readonly event: EventOf<P>;
}

/** What a command's handler gets beside the command. */
export interface CommandContext<P> {
  /** The command's idempotency key: give it to whatever the handler does outside the log. */
  readonly id: string;
  /** How often the command was tried, as far as this server can know: the client's count, and its own after failures; from 1. */
  readonly attempt: number;
  readonly principal: Principal;
  readonly topic: string | null;
  /** When the person sent it, milliseconds since 1970 by the browser's clock. */
  readonly createdAt: number;
  /**
   * The trace that the command is of, and the span in which it was sent, as W3C's Trace Context writes them: the same at each
   * attempt, and as trustworthy as the page that sent it. `null`: it came without.
   */
  readonly traceparent: string | null;
  /**
   * Publishes an event in the same transaction of the log as the command's id and result: all of them happen, once, or
   * none. It goes out after the handler has returned.
   * @throws TypeError when the event breaks its schema; Error when the handler has already returned.
   */
  publish(topic: string, event: EventInput<P>): void;
  /**
   * The newest event of a key in the log, as far as this server knows it; `null` where there is none, or the key is gone.
   * What this call of the handler publishes is not there yet. Whether it is still so when the command is accepted,
   * `expect` makes sure of. Rejects with a TypeError where today's schema refuses the event.
   */
  latest(topic: string, key: string): Promise<LatestEvent<P> | null>;
  /**
   * The command is accepted only if the newest event of the key is the one at this offset then, 0 where there must be
   * none: the log decides, whichever servers others come to. An event of a topic that has ended since `latest` looked into
   * it is another one. Where it is not so, nothing of this call happens, and the handler is called again, up to 10 times
   * and `limits.commandMs` in all; after that the client is told to send the command again (`overloaded`).
   * @param epoch that the topic has to be in, where the offset is not from `latest`: what `publish` told, or a page's status.
   * @default the one in which `latest` found it; without `latest` any, so that a topic that has ended may have another event at this offset
   * @throws TypeError for what is no offset, or no name of a topic; Error when the handler has already returned.
   */
  expect(topic: string, key: string, offset: number, epoch?: string): void;
  /**
   * Calls back once the transaction of this attempt is in the log: what it published, the command's id and its result.
   * For what is not in the log itself and must not run before: starting work, waking another process. Called on the
   * server that ran the handler, and lost with it where it dies in between: what must not be lost is looked for at the
   * next start. Nobody waits for the callback; what it throws is told to `onError`, and the command stays accepted.
   * @throws Error when the handler has already returned.
   */
  afterCommit(callback: () => void | Promise<void>): void;
  /**
   * Calls back once it is certain that the transaction of this attempt is not in the log, and never will be: the handler
   * threw or took too long, something that it expected was not so, the command was withdrawn, or the log refused. For what a handler holds in memory until it
   * knows. The command may come again. Neither is called where the log cannot tell: then the command, with the same
   * `id`, comes again or is answered from the log. Nobody waits for the callback; what it throws is told to `onError`.
   * @throws Error when the handler has already returned.
   */
  afterRollback(callback: () => void | Promise<void>): void;
}

/**
 * One handler for each of the protocol's commands. It gets the schema's output and returns the result schema's input.
 *
 * A handler that throws a `Reject` refuses the command. Any other throw is tried again (after 100, 200, 400 and 800 ms,
 * while the commands of the same client and topic wait behind it), and after 5 times the command is refused with
 * `internal`. Effects outside the log happen at least once, with `context.id` as their idempotency key.
 */
export type Handlers<P, Context = CommandContext<P>> = {
  readonly [T in CommandType<P>]: (
    command: CommandOf<P, T>,
    context: Context,
  ) => ResultIn<P, T> | Promise<ResultIn<P, T>>;
};
