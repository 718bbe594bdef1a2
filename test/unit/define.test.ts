import { expect, test } from 'vitest';
import * as z from 'zod';
import { defineProtocol } from '../../src/protocol/index.ts';
import { interpretEvent, validate } from '../../src/protocol/interpret.ts';
import { whereJsonDiffers } from '../../src/protocol/json.ts';

const schema = z.object({ name: z.string() });
const empty = { app: 'ops', version: 1, events: {}, commands: {} };

test('a definition is refused where its name, version or a schema cannot be', () => {
  expect(() => defineProtocol({ ...empty, app: '' })).toThrow(/`app` is empty/);
  for (const version of [0, -1, 1.5, Number.NaN]) {
    expect(() => defineProtocol({ ...empty, version })).toThrow(/positive integer/);
  }
  const none = { schema: {} as typeof schema };
  expect(() => defineProtocol({ ...empty, events: { none } })).toThrow(/events\.none.*not a Standard Schema/);
  expect(() => defineProtocol({ ...empty, commands: { none } })).toThrow(/commands\.none/);
  expect(defineProtocol({ ...empty, events: { well: { schema } } }).app).toBe('ops');
});

test('a field `type` is refused at run time as well, of zod and of valibot', async () => {
  const { object, string } = await import('valibot');
  for (const typed of [z.object({ type: z.string() }), object({ type: string() })]) {
    const define = () => defineProtocol({ ...empty, events: { bad: { schema: typed as never } } });
    expect(define).toThrow(/events\.bad\.schema has a field `type`/);
  }
});

test('a schema that throws, or answers later, breaks nothing but its own value', () => {
  const asks = (validate: () => unknown) =>
    ({ '~standard': { version: 1, vendor: 'test', validate } }) as unknown as typeof schema;
  const thrown = asks(() => {
    throw new Error('oops');
  });
  expect(validate(thrown, {}).issues?.[0]?.message).toMatch(/threw: Error: oops/);
  const later = asks(() => Promise.reject(new Error('late')));
  expect(validate(later, {}).issues?.[0]?.message).toMatch(/asynchronous/);
});

test('a key function that throws makes its event invalid', () => {
  const protocol = defineProtocol({
    ...empty,
    events: {
      step: {
        schema,
        key: (): string => {
          throw new Error('no key');
        },
      },
    },
  });
  expect(interpretEvent(protocol, { type: 'step', name: 'a' })).toMatchObject({
    ok: false,
    code: 'invalid',
    message: expect.stringContaining('no key'),
  });
});

test('JSON keeps plain values, and a place is named for each that it would change', () => {
  const loop: { self?: unknown } = {};
  loop.self = loop;
  const shared = { a: 1 };
  const fine = { a: [1, 'b', null, true, { c: undefined }], one: shared, two: shared };
  expect(whereJsonDiffers(fine)).toBeNull();
  expect(whereJsonDiffers(Object.assign(Object.create(null), { a: 1 }))).toBeNull();
  for (const [value, at] of [
    [{ at: new Date() }, 'payload.at'],
    [{ list: [1, undefined] }, 'payload.list[1]'],
    [{ n: Number.NaN }, 'payload.n'],
    [{ n: -0 }, 'payload.n'],
    [{ big: 1n }, 'payload.big'],
    [{ map: new Map() }, 'payload.map'],
    [{ run: () => {} }, 'payload.run'],
    [{ json: { toJSON: () => 1 } }, 'payload.json'],
    [loop, 'payload.self'],
  ] as const) {
    expect(whereJsonDiffers(value)).toBe(at);
  }
});
