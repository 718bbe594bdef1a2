/** `npm run schema`: `docs/gateway.schema.json`, by which editors know the configuration of `trunkline serve`. */
import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { toJsonSchema } from '@valibot/to-json-schema';
import { configSchema } from '../src/gateway/config/schema.ts';

export const GATEWAY_SCHEMA_FILE = resolve(import.meta.dirname, '../docs/gateway.schema.json');

export function gatewaySchema(): object {
  // What depends on two fields at once is told when the file is read.
  const schema = toJsonSchema(configSchema, {
    typeMode: 'input',
    errorMode: 'ignore',
    target: 'draft-2020-12',
  });
  return { title: 'The configuration of `trunkline serve`', ...schema };
}

export function gatewaySchemaText(): string {
  return `${JSON.stringify(gatewaySchema(), null, 2)}\n`;
}

if (import.meta.main) writeFileSync(GATEWAY_SCHEMA_FILE, gatewaySchemaText());
