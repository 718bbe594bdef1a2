/** Reads what a gateway is told. */
import { readFileSync } from 'node:fs';
import * as v from 'valibot';
import { type Config, configSchema } from './schema.ts';

export function readConfig(path: string): Config {
  return v.parse(configSchema, JSON.parse(readFileSync(path, 'utf8')));
}
