/** How the types of events, commands and results follow from an application's definition. */
import type { StandardSchemaV1 } from '@standard-schema/spec';

/**
 * Any synchronous Standard Schema (https://standardschema.dev) of an object without a `type` field of its own:
 * the field `type` names the event or command.
 */
// biome-ignore lint/suspicious/noExplicitAny: an input of `unknown` would refuse every schema with a narrower input
export type FieldsSchema = StandardSchemaV1<any, object>;
export type Schemas = Record<string, FieldsSchema>;

/** zod's `z.object({})` is `Record<string, never>`: beside `type` that would be unassignable. */
// biome-ignore lint/complexity/noBannedTypes: `{}` is the neutral element of an intersection here
type Clean<F> = string extends keyof F ? (F[keyof F] extends never ? {} : F) : F;
type In<S extends FieldsSchema> = Clean<StandardSchemaV1.InferInput<S>>;
type Out<S extends FieldsSchema> = Clean<StandardSchemaV1.InferOutput<S>>;
type Fields<S extends FieldsSchema> = string extends keyof Out<S>
  ? unknown
  : 'type' extends keyof Out<S>
    ? { 'trunkline: a schema must not have a field `type`': never }
    : unknown;

export interface EventDefinition<S extends FieldsSchema> {
  /** The schema of the fields beside `type`. Its output must be structured-cloneable: it crosses from the worker to the tabs. */
  readonly schema: S & Fields<S>;
  /** Names what the event is about; the newest event of a key is its state. The keys are shared across types. Without it an event is kept in a bounded tail only. */
  readonly key?: (event: Out<S>) => string;
  /** The event is delivered, then its key is gone. */
  readonly tombstone?: (event: Out<S>) => boolean;
  /** Acknowledged to the server, never conflated and never dropped. @default false */
  readonly critical?: boolean;
  /**
   * Its newest event by key, and the newest ones without a key, are kept on the device for each topic that this browser
   * listened to: a page begins with them, `stale`, before there is a connection. They lie in IndexedDB in clear. @default false
   */
  readonly persist?: boolean;
}

export interface CommandDefinition<S extends FieldsSchema> {
  /** Of the fields beside `type`. What is sent and stored is its *input*, as JSON. */
  readonly schema: S & Fields<S>;
  /** High goes ahead of every normal one, and two high ones of a topic never swap. @default 'normal' */
  readonly priority?: 'high' | 'normal';
  /** While a command of this type and key is pending, another is refused with `duplicate_command`. */
  readonly dedupe?: (command: Out<S>) => string;
  /**
   * Newest wins: a newer command of this type, topic and key takes the place of those that have not left yet, which end as
   * `replaced`, and goes to the end of the queue. What may have been sent stays.
   */
  readonly replaces?: (command: Out<S>) => string;
  /** Milliseconds from `send` after which it is not begun any more: `expired`, if it was not begun before. @default no limit */
  readonly ttlMs?: number;
  /** What happens at the outbox's limit. @default 'refuse' for high, 'drop_oldest' for normal */
  readonly overflow?: 'refuse' | 'drop_oldest';
  /** Turns the fields (beside `type`) of a stored command of an older version into today's, before the schema judges them. */
  readonly upgrade?: (old: unknown, fromVersion: number) => unknown;
}

/** What `defineProtocol` returns: the schemas of an application's events and commands. */
export interface Protocol<E extends Schemas = Schemas, C extends Schemas = Schemas, R = unknown> {
  readonly app: string;
  readonly version: number;
  readonly events: { readonly [K in keyof E]: { readonly schema: E[K]; readonly critical?: boolean } };
  readonly commands: { readonly [K in keyof C]: { readonly schema: C[K] } };
  /** For types only; never set. */
  readonly '~types'?: { readonly events: E; readonly commands: C; readonly results: R };
}
// biome-ignore lint/suspicious/noExplicitAny: the bound of every generic over a protocol; `unknown` is not assignable from a concrete one
export type AnyProtocol = Protocol<any, any, any>;

// biome-ignore lint/suspicious/noExplicitAny: only inferred from
type Events<P> = P extends Protocol<infer E, any, any> ? E : never;
// biome-ignore lint/suspicious/noExplicitAny: only inferred from
type Commands<P> = P extends Protocol<any, infer C, any> ? C : never;
// biome-ignore lint/suspicious/noExplicitAny: only inferred from
type ResultsOf<P> = P extends Protocol<any, any, infer R> ? R : never;

/**
 * The names of events, and of commands. They are found by a condition: of what is written as `keyof` an error says no more than
 * `EventType<…>`, and of this it lists the names.
 */
// biome-ignore lint/suspicious/noExplicitAny: only inferred from
export type EventType<P> = P extends Protocol<infer E, any, any> ? keyof E & string : string;
// biome-ignore lint/suspicious/noExplicitAny: only inferred from
export type CommandType<P> = P extends Protocol<any, infer C, any> ? keyof C & string : string;
/** An event as listeners get it. Distributes over T, so that a union of types gives a discriminated union. */
export type EventOf<P, T extends EventType<P> = EventType<P>> =
  T extends EventType<P> ? { readonly type: T } & Out<Events<P>[T & keyof Events<P>]> : never;
/** An event as it is published: the schema's input. */
export type EventInput<P, T extends EventType<P> = EventType<P>> =
  T extends EventType<P> ? { readonly type: T } & In<Events<P>[T & keyof Events<P>]> : never;
/** A command as its handler gets it. */
export type CommandOf<P, T extends CommandType<P> = CommandType<P>> =
  T extends CommandType<P> ? { readonly type: T } & Out<Commands<P>[T & keyof Commands<P>]> : never;
/** A command as it is sent and stored: the schema's input. */
export type CommandInput<P, T extends CommandType<P> = CommandType<P>> =
  T extends CommandType<P> ? { readonly type: T } & In<Commands<P>[T & keyof Commands<P>]> : never;
/** The fields beside `type` that `send` takes. */
export type PayloadOf<P, T extends CommandType<P>> = In<Commands<P>[T & keyof Commands<P>]>;
/** What `outcome.result` is; `unknown` where the command defines no result schema. */
export type ResultOf<P, T extends CommandType<P>> = T extends keyof ResultsOf<P>
  ? StandardSchemaV1.InferOutput<ResultsOf<P>[T] & StandardSchemaV1>
  : unknown;
/** What a command's handler returns: the result schema's input. */
export type ResultIn<P, T extends CommandType<P>> = T extends keyof ResultsOf<P>
  ? StandardSchemaV1.InferInput<ResultsOf<P>[T] & StandardSchemaV1>
  : unknown;
