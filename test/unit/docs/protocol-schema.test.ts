import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { JsonSchema } from '@valibot/to-json-schema';
import * as v from 'valibot';
import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { readProtocolDocument } from '../../../scripts/protocol-document.ts';
import {
  frameShapes,
  protocolSchema,
  protocolSchemaText,
  SCHEMA_FILE,
  scalarShapes,
} from '../../../scripts/protocol-schema.ts';
import { SUBPROTOCOL } from '../../../src/protocol/version.ts';

test('the wire keeps the version that its frames have', () => {
  const hash = createHash('sha256').update(JSON.stringify(frameShapes())).digest('hex').slice(0, 16);
  expect(
    { version: SUBPROTOCOL, hash },
    `The schemas of the frames in src/protocol/frames have changed. Ask: do peers that are deployed today still
understand every frame, and are they still understood? Yes (a new frame type, a new optional field): put the new hash
into this test. No (a field removed, renamed, required, or of another type): raise SUBPROTOCOL in
src/protocol/version.ts as well, and keep speaking the former version to those who ask for it. In both cases update
docs/protocol.md and run \`npm run schema\`.`,
  ).toEqual({ version: 'trunkline.v1', hash: 'e445e783fe75bf35' });
});

test('docs/protocol.schema.json is what `npm run schema` would write now', () => {
  expect(readFileSync(SCHEMA_FILE, 'utf8'), 'it is out of date: run `npm run schema`').toBe(
    protocolSchemaText(),
  );
});

const toZod = (schema: JsonSchema) => z.fromJSONSchema(schema as z.core.JSONSchema.JSONSchema);

describe('the JSON Schema', () => {
  const schema = protocolSchema();
  const judge = (union: 'client_message' | 'server_message') =>
    toZod({ $ref: `#/$defs/${union}`, $defs: schema.$defs });
  const judges = { client: judge('client_message'), server: judge('server_message') };
  const examples = readProtocolDocument()
    .filter(({ chapter }) => chapter !== 'The plain dialect')
    .flatMap(({ frames, traces }) => [...frames, ...traces.flat()]);

  test('accepts every example of the document in its direction, and in no other', () => {
    for (const { from, line, text } of examples) {
      const message: unknown = JSON.parse(text);
      expect(judges[from].safeParse(message).error, `docs/protocol.md:${line}`).toBeUndefined();
      expect(judges[from === 'client' ? 'server' : 'client'].safeParse(message).success).toBe(false);
    }
  });

  test('accepts unknown fields and refuses a frame that lacks one', () => {
    expect(judges.client.safeParse({ type: 'ping', id: 1, later: true }).success).toBe(true);
    expect(judges.client.safeParse({ type: 'ping' }).success).toBe(false);
  });

  test('describes every frame and every field but `type`', () => {
    for (const name of Object.keys(frameShapes())) {
      const shape = schema.$defs?.[name];
      if (typeof shape !== 'object') throw new Error(`${name} is not described`);
      expect(shape.description, name).toMatch(/\S/);
      for (const [field, value] of Object.entries(shape.properties ?? {}))
        if (field !== 'type') expect(value, `${name}.${field}`).toHaveProperty('description');
    }
  });

  test('lets the same values pass as the predicates that read a frame', () => {
    const uuid = (version: number) => `9b2f0c1e-3a4d-${version}c6b-8d7e-0f1a2b3c4d5e`;
    const numbers = [0, 1, 0.5, 5e-324, 2 ** 53 - 1, 2 ** 53, 1e21, 1e308].flatMap((n) => [n, -n]);
    const texts = ['', 'x', '7', 'x'.repeat(1_024), 'x'.repeat(1_025), '\ud800', uuid(4), ` ${uuid(4)}`];
    const uuids = [1, 8, 9]
      .map(uuid)
      .concat('0', 'f', 'F')
      .map((id) => (id.length > 1 ? id : nil(id)));
    const others = [null, true, false, [], ['x'], [{ type: 'x' }], {}, { type: 1 }, { type: null }];
    const objects: object[] = [{ type: '' }, { type: 'x', constructor: null, more: { type: 1 } }];
    for (const [schema, shape] of scalarShapes)
      for (const value of [...numbers, ...texts, ...uuids, ...others, ...objects])
        expect(
          toZod(shape).safeParse(value).success,
          `${JSON.stringify(value)} by ${JSON.stringify(shape)}`,
        ).toBe(v.is(schema, value));
  });
});

const nil = (digit: string) => '00000000-0000-0000-0000-000000000000'.replaceAll('0', digit);
