/** What a gateway can be told. */
import * as v from 'valibot';
import { backendSchema } from '../backend/config.ts';
import { authenticateSchema, authorizeSchema } from '../people/config.ts';

const port = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(65_535));

const eventRule = v.strictObject({
  /** The field that holds the key. */
  key: v.optional(v.string()),
  gone: v.optional(v.boolean()),
  critical: v.optional(v.boolean()),
});
export type EventRule = v.InferOutput<typeof eventRule>;

export const configSchema = v.strictObject({
  $schema: v.optional(v.string()),
  app: v.pipe(v.string(), v.nonEmpty()),
  version: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1)), 1),
  listen: v.optional(
    v.strictObject({
      host: v.optional(v.string(), '127.0.0.1'),
      port: v.optional(port, 8700),
      path: v.optional(v.string(), '/ws'),
    }),
    {},
  ),
  allowedOrigins: v.optional(v.array(v.string()), ['self']),
  control: v.optional(
    v.strictObject({
      host: v.optional(v.string(), '127.0.0.1'),
      port: v.optional(port, 8701),
    }),
    {},
  ),
  log: v.optional(v.string(), 'sqlite:trunkline.db'),
  /** Runs the commands. Without one they are refused. */
  backend: v.optional(backendSchema),
  authenticate: v.optional(authenticateSchema),
  authorize: v.optional(authorizeSchema),
  events: v.optional(v.record(v.string(), eventRule), {}),
});

/** With every default filled in. */
export type Config = v.InferOutput<typeof configSchema>;
