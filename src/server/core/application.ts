/** What an application is to the server's logic: what its events and commands mean, and what runs them. */
import { type Interpreted, interpretCommand, interpretEvent, type Typed } from '../../protocol/interpret.ts';
import type { AnyProtocol } from '../../protocol/types.ts';
import type { Principal } from '../log/event-log.ts';

/** What is said of an event beside it. What is absent follows from the event, if from anything. */
export interface EventTraits {
  readonly key?: string | undefined;
  readonly gone?: boolean | undefined;
  readonly critical?: boolean | undefined;
}

/** A handler and its context, their types forgotten. */
export type AnyHandler = (command: Typed, context: AnyContext) => unknown;
export interface AnyContext {
  readonly id: string;
  readonly attempt: number;
  readonly principal: Principal;
  /** The browser, or whatever else holds an outbox. */
  readonly clientId: string;
  readonly topic: string | null;
  readonly createdAt: number;
  readonly traceparent: string | null;
  publish(topic: string, event: Typed, traits?: EventTraits): void;
  latest(topic: string, key: string): Promise<{ readonly offset: number; readonly event: Typed } | null>;
  expect(topic: string, key: string, offset: number, epoch?: string): void;
  /** @throws TypeError where a handler that returns it would have failed. */
  judgeResult(value: unknown): void;
  afterCommit(callback: () => unknown): void;
  afterRollback(callback: () => unknown): void;
}

type ReadCommand = Extract<ReturnType<typeof interpretCommand>, { ok: true }>;

export interface Application {
  readonly app: string;
  readonly version: number;
  /**
   * What its handlers do is done by others, and no transaction of the log undoes it: a command that a handler has ended is not refused
   * for good because the log does not take what came of it. @default false
   */
  readonly isRunByOthers?: boolean;
  /** `event`: as handlers read it. */
  interpretEvent(
    event: Typed,
    traits: EventTraits,
  ): Interpreted<{ event: Typed; key: string | null; gone: boolean; critical: boolean }>;
  interpretCommand(
    command: Typed,
  ): Interpreted<{ command: Typed; definition: Pick<ReadCommand['definition'], 'result'> }>;
  handlerOf(type: string): AnyHandler | undefined;
}

/** Its protocol says what events and commands mean. */
export function definedApplication(protocol: AnyProtocol, handlerOf: Application['handlerOf']): Application {
  return {
    app: protocol.app,
    version: protocol.version,
    interpretEvent: (event, traits) =>
      Object.values(traits).some((trait) => trait !== undefined)
        ? {
            ok: false,
            code: 'invalid',
            message: `event ${event.type}: its key, and whether it is gone or critical, follow from the protocol; leave them out`,
            issues: [],
          }
        : interpretEvent(protocol, event),
    interpretCommand: (command) => interpretCommand(protocol, command),
    handlerOf,
  };
}

/** As far as the table has one. */
export function handlersByType(handlers: Readonly<Record<string, AnyHandler>>): Application['handlerOf'] {
  return (type) => (Object.hasOwn(handlers, type) ? handlers[type] : undefined);
}
