/** What an event or a command means by the application's definition, and whether it is as its schema wants it. */
import type { StandardSchemaV1 } from '@standard-schema/spec';
import { isTooDeep, TOO_DEEP } from './json.ts';
import type { Outcome } from './model.ts';
import type { AnyProtocol } from './types.ts';

/** A definition as it is at run time, its types forgotten: the one place where a `Protocol` is looked into. */
interface AnyEventDefinition {
  readonly schema: StandardSchemaV1;
  readonly key?: (event: object) => string;
  readonly tombstone?: (event: object) => boolean;
  readonly critical?: boolean;
  readonly persist?: boolean;
}
interface AnyCommandDefinition {
  readonly schema: StandardSchemaV1;
  readonly result?: StandardSchemaV1;
  readonly priority?: 'high' | 'normal';
  readonly dedupe?: (command: object) => string;
  readonly replaces?: (command: object) => string;
  readonly ttlMs?: number;
  readonly overflow?: 'refuse' | 'drop_oldest';
  readonly upgrade?: (old: unknown, fromVersion: number) => unknown;
}

/** A typed JSON object: an event or command as it travels. */
export type Typed = { readonly type: string; readonly [field: string]: unknown };
export type Issues = readonly StandardSchemaV1.Issue[];
export type Interpreted<T> =
  | ({ ok: true } & T)
  | { ok: false; code: 'unknown_type' | 'invalid'; message: string; issues: Issues };

function eventDefinition(protocol: AnyProtocol, type: string): AnyEventDefinition | undefined {
  return Object.hasOwn(protocol.events, type) ? protocol.events[type] : undefined;
}

export function commandDefinition(protocol: AnyProtocol, type: string): AnyCommandDefinition | undefined {
  return Object.hasOwn(protocol.commands, type) ? protocol.commands[type] : undefined;
}

/** Whether events of this type are kept on the device. */
export function isPersistent(protocol: AnyProtocol, type: string): boolean {
  return eventDefinition(protocol, type)?.persist === true;
}

/** One of the types that are; `undefined`: none is. */
export function persistentType(protocol: AnyProtocol): string | undefined {
  return Object.keys(protocol.events).find((type) => isPersistent(protocol, type));
}

/** Judges an event by its schema; `event` is the schema's output beside `type`. */
export function interpretEvent(
  protocol: AnyProtocol,
  input: Typed,
): Interpreted<{ event: Typed; key: string | null; gone: boolean; critical: boolean }> {
  const definition = eventDefinition(protocol, input.type);
  if (!definition) return unknownType('event', input.type, protocol);
  const judged = judge(definition.schema, `event ${input.type}`, input);
  if (!judged.ok) return judged;
  try {
    const { value: event } = judged;
    const key = definition.key?.(event) ?? null;
    return {
      ok: true,
      event,
      key,
      gone: definition.tombstone?.(event) ?? false,
      critical: definition.critical ?? false,
    };
  } catch (error) {
    return {
      ok: false,
      code: 'invalid',
      message: `event ${input.type}: its key or tombstone function threw: ${String(error)}`,
      issues: [],
    };
  }
}

/** Judges a command by its schema; `command` is the schema's output beside `type`. */
export function interpretCommand(
  protocol: AnyProtocol,
  input: Typed,
): Interpreted<{
  command: Typed;
  dedupeKey: string | null;
  replaceKey: string | undefined;
  definition: AnyCommandDefinition;
}> {
  const definition = commandDefinition(protocol, input.type);
  if (!definition) return unknownType('command', input.type, protocol);
  const judged = judge(definition.schema, `command ${input.type}`, input);
  if (!judged.ok) return judged;
  try {
    return {
      ok: true,
      command: judged.value,
      dedupeKey: definition.dedupe?.(judged.value) ?? null,
      replaceKey: definition.replaces?.(judged.value),
      definition,
    };
  } catch (error) {
    return {
      ok: false,
      code: 'invalid',
      message: `command ${input.type}: its dedupe or replaces function threw: ${String(error)}`,
      issues: [],
    };
  }
}

/** How a command ended, its result as the command's schema reads it; as it came, with the `issues`, where that fails. */
export function interpretOutcome(
  protocol: AnyProtocol,
  type: string,
  outcome: Outcome,
): { outcome: Outcome; issues?: Issues } {
  const schema = commandDefinition(protocol, type)?.result;
  if (outcome.status !== 'accepted' || !schema) return { outcome };
  const read = validate(schema, outcome.result);
  return read.issues ? { outcome, issues: read.issues } : { outcome: { ...outcome, result: read.value } };
}

/** Judges a value by a Standard Schema that must answer at once. */
export function validate(schema: StandardSchemaV1, value: unknown): StandardSchemaV1.Result<unknown> {
  try {
    const result = schema['~standard'].validate(value);
    if (result instanceof Promise) {
      result.catch(() => {});
      return {
        issues: [{ message: 'the schema is asynchronous; it must answer at once' }],
      };
    }
    return result;
  } catch (error) {
    return { issues: [{ message: `the schema threw: ${String(error)}` }] };
  }
}

function judge(schema: StandardSchemaV1, what: string, input: Typed): Interpreted<{ value: Typed }> {
  if (isTooDeep(input)) {
    return { ok: false, code: 'invalid', message: `${what}: ${TOO_DEEP}`, issues: [] };
  }
  const { type, ...fields } = input;
  const result = validate(schema, fields);
  if (result.issues) {
    return {
      ok: false,
      code: 'invalid',
      message: `${what}: ${explain(result.issues)}`,
      issues: result.issues,
    };
  }
  return { ok: true, value: { ...(result.value as object), type } };
}

/** `field.path: message; …`, for people. */
export function explain(issues: Issues): string {
  return issues
    .map(({ path, message }) => {
      const at = path
        ?.map((segment) => String(typeof segment === 'object' ? segment.key : segment))
        .join('.');
      return at ? `${at}: ${message}` : message;
    })
    .join('; ');
}

function unknownType(
  kind: 'event' | 'command',
  type: string,
  { app, version }: AnyProtocol,
): Interpreted<never> {
  return {
    ok: false,
    code: 'unknown_type',
    message: `${app} (version ${version}) defines no ${kind} ${JSON.stringify(type)}`,
    issues: [],
  };
}
