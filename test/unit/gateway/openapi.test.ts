import * as v from 'valibot';
import { expect, test } from 'vitest';
import * as z from 'zod';
import { running } from './support/running.ts';

const description = v.object({
  openapi: v.literal('3.1.0'),
  paths: v.record(
    v.string(),
    v.record(
      v.picklist(['get', 'post']),
      v.looseObject({
        responses: v.record(
          v.string(),
          v.looseObject({ content: v.record(v.string(), v.looseObject({ schema: v.looseObject({}) })) }),
        ),
      }),
    ),
  ),
});

/** What each route is asked here. */
const BODIES: Readonly<Record<string, unknown>> = {
  '/publish': { events: [{ topic: 't', event: { type: 'line', text: 'x' } }] },
  '/disconnect': { principal: 'nobody' },
  '/recheck': { principal: 'nobody' },
  '/end-topic': { topic: 't' },
};

test('each route of the description is there, and answers what it says, also where it refuses', async () => {
  const { get, post } = await running();
  const { body } = await get('/openapi.json');
  const { paths } = v.parse(description, body);
  expect(Object.keys(paths).length).toBeGreaterThan(6);
  const isAs = (schema: object, value: unknown) => {
    z.fromJSONSchema(schema as z.core.JSONSchema.JSONSchema).parse(value);
  };
  for (const [path, operations] of Object.entries(paths)) {
    for (const [method, { responses }] of Object.entries(operations)) {
      const answer = method === 'get' ? await get(path) : await post(path, BODIES[path]);
      expect([path, answer.status]).toEqual([path, 200]);
      const [content] = Object.values(responses['200']?.content ?? {});
      if (!content) throw new Error(`${path} does not say what it answers`);
      isAs(content.schema, answer.body);
      if (method !== 'post') continue;
      const refused = await post(path, { nothing: true });
      expect([path, refused.status]).toEqual([path, 400]);
      isAs(responses['default']?.content['application/json']?.schema ?? { not: {} }, refused.body);
    }
  }
});
