/** Which definitions of an application's protocol are accepted. */
import type { StandardSchemaV1 } from '@standard-schema/spec';
import type { CommandDefinition, EventDefinition, Protocol, Schemas } from './types.ts';

/**
 * Describes an application's events and commands, once, for its tabs, its hub and its server.
 *
 * @throws TypeError when the name is empty, the version is not a positive integer, a type has no Standard Schema, or a
 * schema that can be looked into has a field `type`.
 */
export function defineProtocol<const E extends Schemas, const C extends Schemas, const R>(definition: {
  /** Names the locks and the database of the browser: two applications on one origin need two names. */
  readonly app: string;
  /** The version of events and commands: a positive integer, raised when an older page could not read a newer one's. */
  readonly version: number;
  readonly events: { readonly [K in keyof E]: EventDefinition<E[K]> };
  readonly commands: { readonly [K in keyof C]: CommandDefinition<C[K]> } & {
    readonly [K in keyof R]: { readonly result?: R[K] & StandardSchemaV1 };
  };
}): Protocol<E, C, R> {
  if (definition.app === '') throw new TypeError('defineProtocol: `app` is empty');
  if (!Number.isInteger(definition.version) || definition.version < 1) {
    throw new TypeError(`defineProtocol: \`version\` must be a positive integer, not ${definition.version}`);
  }
  for (const kind of ['events', 'commands'] as const) {
    for (const [type, { schema }] of Object.entries<{ schema: StandardSchemaV1 }>(definition[kind])) {
      const name = `${kind}.${type}`;
      if (!schema?.['~standard'])
        throw new TypeError(`defineProtocol: ${name}.schema is not a Standard Schema`);
      if (hasTypeField(schema)) {
        throw new TypeError(`defineProtocol: ${name}.schema has a field \`type\`; rename it`);
      }
    }
  }
  return definition;
}

/** zod keeps an object's fields in `shape`, valibot in `entries`; any other schema is left to its type. */
function hasTypeField(schema: object): boolean {
  const { shape, entries } = schema as { shape?: unknown; entries?: unknown };
  return [shape, entries].some((fields) => typeof fields === 'object' && fields !== null && 'type' in fields);
}
