/** The routes as OpenAPI describes them. */
import { toJsonSchema } from '@valibot/to-json-schema';
import type * as v from 'valibot';
import { problem, type Route } from './route.ts';

const schemaOf = (schema: v.GenericSchema) => {
  // OpenAPI 3.1 names the dialect once, for all.
  const { $schema: _, ...rest } = toJsonSchema(schema, { typeMode: 'input', errorMode: 'ignore' });
  return rest;
};
const content = (schema: v.GenericSchema) =>
  schema.type === 'string' ? { 'text/plain': { schema: schemaOf(schema) } } : json(schema);
const json = (schema: v.GenericSchema) => ({ 'application/json': { schema: schemaOf(schema) } });

const IDEMPOTENCY_KEY = {
  name: 'Idempotency-Key',
  in: 'header',
  required: false,
  description: 'Names this request for 24 hours: repeated, it is answered as it was, and done once',
  schema: { type: 'string', minLength: 1, maxLength: 255 },
};

export function openApiOf(routes: readonly Route[]): object {
  return {
    openapi: '3.1.0',
    info: { title: 'trunkline serve: the control port', version: '1' },
    components: { securitySchemes: { key: { type: 'http', scheme: 'bearer' } } },
    paths: Object.fromEntries(
      routes.map((route) => [route.path, { [route.method.toLowerCase()]: operationOf(route) }]),
    ),
  };
}

function operationOf({ summary, isOpen, takesIdempotencyKey, body, answers }: Route): object {
  return {
    summary,
    security: isOpen ? [] : [{ key: [] }],
    ...(takesIdempotencyKey && { parameters: [IDEMPOTENCY_KEY] }),
    ...(body && { requestBody: { required: true, content: json(body) } }),
    responses: {
      ...Object.fromEntries(
        Object.entries(answers).map(([status, { description, schema }]) => [
          status,
          { description, content: content(schema) },
        ]),
      ),
      default: { description: 'It was not done, and why', content: json(problem) },
    },
  };
}
