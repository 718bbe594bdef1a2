/** A configuration to begin with. */
import { writeFileSync } from 'node:fs';
import type * as v from 'valibot';
import { ConfigError } from './config-error.ts';
import type { configSchema } from './schema.ts';

const EXAMPLE = {
  $schema: './node_modules/trunkline/docs/gateway.schema.json',
  app: 'console',
  listen: { port: 8700, path: '/ws' },
  allowedOrigins: ['self', 'http://localhost:5173'],
  control: { port: 8701, key: { variable: 'TRUNKLINE_CONTROL_KEY' } },
  log: 'sqlite:trunkline.db',
  events: { gate: { key: 'id', critical: true } },
} satisfies v.InferInput<typeof configSchema>;

/** @throws ConfigError where the file is there already, or cannot be written. */
export function writeExample(file: string): void {
  try {
    writeFileSync(file, `${JSON.stringify(EXAMPLE, null, 2)}\n`, { flag: 'wx' });
  } catch (error) {
    const isThere = error instanceof Error && 'code' in error && error.code === 'EEXIST';
    throw new ConfigError(
      isThere ? `${file} is there already, and is left as it is` : `${file} cannot be written`,
      {
        cause: error,
      },
    );
  }
}
