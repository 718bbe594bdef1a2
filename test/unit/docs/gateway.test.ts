import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { expect, test } from 'vitest';
import { GATEWAY_SCHEMA_FILE, gatewaySchemaText } from '../../../scripts/gateway-schema.ts';
import { FIELDS } from '../../../src/gateway/config/read.ts';
import { running } from '../gateway/support/running.ts';

const document = readFileSync(resolve(import.meta.dirname, '../../../docs/gateway.md'), 'utf8');
/** What the first column of some table names. */
const named = [...document.matchAll(/^\| `([^`]+)` \|/gm)].map(([, name = '']) => name);

test('docs/gateway.schema.json is what `npm run schema` would write now', () => {
  expect(readFileSync(GATEWAY_SCHEMA_FILE, 'utf8'), 'it is out of date: run `npm run schema`').toBe(
    gatewaySchemaText(),
  );
});

test('the document says of each field what it means', () => {
  const paths = FIELDS.map(({ path }) => path.join('.'));
  const isNamed = (path: string) =>
    named.some((name) => name === path || (name.endsWith('.*') && path.startsWith(name.slice(0, -1))));
  expect(paths.length).toBeGreaterThan(25);
  expect(paths.filter((path) => !isNamed(path))).toEqual([]);
});

test('the document says of each request what it does', async () => {
  const { get } = await running();
  const { body } = await get('/openapi.json');
  const { paths } = body as { paths: Record<string, Record<string, unknown>> };
  const requests = Object.entries(paths).flatMap(([path, operations]) =>
    Object.keys(operations).map((method) => `${method.toUpperCase()} ${path}`),
  );
  expect(requests.sort()).toEqual(named.filter((name) => /^(GET|POST) /.test(name)).sort());
});
