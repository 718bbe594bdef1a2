import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { loadPipeline } from '../../../demo/engine/pipeline.ts';
import { PIPELINE_SCHEMA_FILE, pipelineSchemaText } from '../../../scripts/pipeline-schema.ts';
import { temporaryFolder } from '../demo/support/workshop.ts';

const document = readFileSync(resolve(import.meta.dirname, '../../../docs/pipelines.md'), 'utf8');

interface JsonSchema {
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly items?: JsonSchema;
  readonly anyOf?: readonly JsonSchema[];
  readonly default?: unknown;
  readonly description?: string;
}

/** Each field that a file may have, by its path; those of a node by their own. */
function* fieldsOf(schema: JsonSchema, path = ''): Generator<[string, JsonSchema]> {
  for (const [name, field] of Object.entries(schema.properties ?? {})) {
    const at = path === '' ? name : `${path}.${name}`;
    yield [at, field];
    yield* fieldsOf(field, at);
  }
  for (const member of schema.anyOf ?? []) yield* fieldsOf(member, path);
  if (schema.items) yield* fieldsOf(schema.items, path === 'nodes' ? '' : `${path}[]`);
}

test('docs/pipeline.schema.json is what `npm run schema` would write now', () => {
  expect(readFileSync(PIPELINE_SCHEMA_FILE, 'utf8'), 'it is out of date: run `npm run schema`').toBe(
    pipelineSchemaText(),
  );
});

test('the document has each field of the schema, with its default, and the schema says of each what it is', () => {
  const fields = new Map(fieldsOf(JSON.parse(pipelineSchemaText())));
  // Those tables alone that have a column for what holds if a field is left out.
  const rows = [...document.matchAll(/^\| `([^`]+)` \|(?: `([^`]+)`)?[^|]*\| .+ \|$/gm)];
  const told = new Map(rows.map(([, name, value]) => [name, value]));
  expect([...told.keys()].sort()).toEqual([...fields.keys()].sort());
  for (const [name, field] of fields) {
    expect(field.description, `the description of ${name}`).toBeTruthy();
    if (field.default !== undefined) expect(told.get(name), name).toBe(JSON.stringify(field.default));
  }
});

test("the document's example is a pipeline, and what it quotes of a faulty one is what is told", async () => {
  const [, example = ''] = /^```json ship\.json\n(.*?)^```$/ms.exec(document) ?? [];
  const [, quoted = ''] = /^```\n(ship\.json:.*?)^```$/ms.exec(document) ?? [];
  const path = join(temporaryFolder(), 'ship.json');
  writeFileSync(path, example);
  expect((await loadPipeline(path, 'ship')).nodes).toHaveLength(4);
  writeFileSync(path, example.replace('"retries": 1', '"retries": "1"').replace('["build"]', '["biuld"]'));
  const told: unknown = await loadPipeline(path, 'ship').catch((error) => error.message);
  expect(told).toBe(quoted.trimEnd().replaceAll('ship.json:', `${path}:`));
});
