import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { readProtocolDocument } from '../../../scripts/protocol-document.ts';
import {
  frameShapes,
  protocolSchema,
  protocolSchemaText,
  SCHEMA_FILE,
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
  ).toEqual({ version: 'trunkline.v1', hash: 'b70b476b7a0da19b' });
});

test('docs/protocol.schema.json is what `npm run schema` would write now', () => {
  expect(readFileSync(SCHEMA_FILE, 'utf8'), 'it is out of date: run `npm run schema`').toBe(
    protocolSchemaText(),
  );
});

describe('the JSON Schema', () => {
  const schema = protocolSchema();
  const judge = (union: 'client_message' | 'server_message') =>
    z.fromJSONSchema({ $ref: `#/$defs/${union}`, $defs: schema.$defs } as z.core.JSONSchema.JSONSchema);
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
      expect(shape?.description, name).toMatch(/\S/);
      for (const [field, value] of Object.entries(shape?.properties ?? {}))
        if (field !== 'type') expect(value, `${name}.${field}`).toHaveProperty('description');
    }
  });
});
