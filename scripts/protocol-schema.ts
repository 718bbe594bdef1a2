/**
 * Writes `docs/protocol.schema.json` (JSON Schema 2020-12): the shapes from the frames' schemas, the descriptions
 * from the tables of `docs/protocol.md`. Run it by `npm run schema`.
 */
import { writeFileSync } from 'node:fs';
import { type JsonSchema, toJsonSchemaDefs } from '@valibot/to-json-schema';
import type * as v from 'valibot';
import * as common from '../src/protocol/frames/common.ts';
import { clientFrames, serverFrames } from '../src/protocol/frames/index.ts';
import { item } from '../src/protocol/frames/server/topic.ts';
import { TRACEPARENT } from '../src/protocol/traceparent.ts';
import { SUBPROTOCOL } from '../src/protocol/version.ts';
import { readProtocolDocument, type Section } from './protocol-document.ts';

export const SCHEMA_FILE = new URL('../docs/protocol.schema.json', import.meta.url);

/** Shapes that stand in several frames and have a table of their own. */
export const sharedShapes = { cursor: common.cursor, item };

const SMALLEST = Number.MIN_SAFE_INTEGER;
const LARGEST = Number.MAX_SAFE_INTEGER;
/** What the predicates of `common.ts` let pass, which no converter can read in them. */
export const scalarShapes = new Map<v.GenericSchema, JsonSchema>([
  [common.number, { type: 'number' }],
  [common.positive, { type: 'number', exclusiveMinimum: 0 }],
  [common.nonnegative, { type: 'number', minimum: 0 }],
  [common.int, { type: 'integer', minimum: SMALLEST, maximum: LARGEST }],
  [common.positiveInt, { type: 'integer', exclusiveMinimum: 0, maximum: LARGEST }],
  [common.frameBytes, { type: 'integer', minimum: common.LEAST_FRAME_BYTES, maximum: LARGEST }],
  [common.count, { type: 'integer', minimum: 0, maximum: LARGEST }],
  [common.uuid, { type: 'string', format: 'uuid', pattern: common.UUID.source }],
  [common.traceparent, { type: 'string', pattern: TRACEPARENT.source }],
  [common.topic, { type: 'string', minLength: 1, maxLength: common.MAX_TOPIC_LENGTH }],
  [
    common.typed,
    {
      type: 'object',
      properties: { type: { type: 'string' } },
      required: ['type'],
      additionalProperties: {},
    },
  ],
]);

/** The shapes of all frames, without a word of prose: what a peer relies on. */
export function frameShapes(): Record<string, JsonSchema> {
  return toJsonSchemaDefs(
    { ...clientFrames, ...serverFrames, ...sharedShapes },
    {
      // What may be sent, rather than what parsing leaves of it.
      typeMode: 'input',
      target: 'draft-2020-12',
      overrideSchema: ({ valibotSchema, jsonSchema }) =>
        'const' in jsonSchema
          ? // Whoever makes types of it asks for the type.
            { type: typeof jsonSchema.const === 'boolean' ? 'boolean' : 'string', ...jsonSchema }
          : scalarShapes.get(valibotSchema),
    },
  );
}

export function protocolSchema(): JsonSchema {
  const sections = readProtocolDocument();
  const shapes = Object.entries(frameShapes()).map(([id, shape]) => {
    const section = sections.find(({ title }) => title === id);
    return [id, section ? described(shape, section) : shape] as const;
  });
  const oneOf = (frames: object) => Object.keys(frames).map((id) => ({ $ref: `#/$defs/${id}` }));
  const message = (union: string) => ({
    oneOf: [{ $ref: `#/$defs/${union}` }, { type: 'array', items: { $ref: `#/$defs/${union}` } }],
  });
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: SUBPROTOCOL,
    description:
      'The frames of the wire protocol that docs/protocol.md describes. Validate a message against `#/$defs/client_message` or `#/$defs/server_message`. Frames of unknown types are to be ignored, although they match nothing here.',
    anyOf: [{ $ref: '#/$defs/client_message' }, { $ref: '#/$defs/server_message' }],
    $defs: {
      client_message: { description: 'One message of a client.', ...message('client') },
      server_message: { description: 'One message of a server.', ...message('server') },
      client: { description: 'Any frame of a client.', oneOf: oneOf(clientFrames) },
      server: { description: 'Any frame of a server.', oneOf: oneOf(serverFrames) },
      ...Object.fromEntries(shapes),
    },
  } as JsonSchema;
}

/** With the section's summary and the meanings of its table. */
function described(shape: JsonSchema, { summary, fields }: Section): JsonSchema {
  const meanings = new Map(fields.map(({ name, meaning }) => [name, withoutLinks(meaning)]));
  const walk = (schema: JsonSchema, path: string): JsonSchema => {
    const described = { ...schema };
    const meaning = meanings.get(path);
    if (meaning) described.description = meaning;
    if (schema.properties) {
      described.properties = Object.fromEntries(
        Object.entries(schema.properties).map(([name, field]) => [
          name,
          typeof field === 'boolean' ? field : walk(field, path === '' ? name : `${path}.${name}`),
        ]),
      );
    }
    if (typeof schema.items === 'object' && !Array.isArray(schema.items)) {
      described.items = walk(schema.items, `${path}[]`);
    }
    return described;
  };
  return { description: withoutLinks(summary), ...walk(shape, '') };
}

function withoutLinks(markdown: string): string {
  return markdown.replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1').replaceAll('**', '');
}

/** The file's text. */
export function protocolSchemaText(): string {
  return `${JSON.stringify(protocolSchema(), null, 2)}\n`;
}

if (import.meta.main) writeFileSync(SCHEMA_FILE, protocolSchemaText());
