/** `npm run schema`: `docs/pipeline.schema.json`, by which editors know a pipeline of the demo. */
import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import * as z from 'zod/mini';
import { pipelineSchema } from '../demo/engine/pipeline.ts';

export const PIPELINE_SCHEMA_FILE = resolve(import.meta.dirname, '../docs/pipeline.schema.json');

export function pipelineSchemaText(): string {
  // What a default stands for may be left out. How the nodes fit together is told when the file is read.
  const schema = z.toJSONSchema(pipelineSchema, { io: 'input', target: 'draft-2020-12' });
  return `${JSON.stringify({ title: 'A pipeline for `npm start -- --pipeline FILE`', ...schema }, null, 2)}\n`;
}

if (import.meta.main) writeFileSync(PIPELINE_SCHEMA_FILE, pipelineSchemaText());
