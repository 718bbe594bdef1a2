import { describe, expect, test, vi } from 'vitest';
import { clientFrames, parseClientMessage, parseServerMessage } from '../../src/protocol/frames/index.ts';

test('an array of frames is read in order, and a bad one does not spoil the others', () => {
  const parsed = parseServerMessage('[{"type":"pong","id":1},{"type":"pong","id":"x"},{"type":"later"},3]');
  expect(parsed.map((p) => (p.ok ? p.frame.type : p.problem))).toEqual([
    'pong',
    'malformed',
    'unknown',
    'malformed',
  ]);
});

test('text that is not JSON is one malformed frame', () => {
  expect(parseServerMessage('{"type":')).toEqual([
    { ok: false, problem: 'malformed', type: null, message: 'not JSON' },
  ]);
});

test('the frames of a client’s message are judged one by one, as they are asked for', () => {
  const judged = vi.spyOn(clientFrames.ping, '~run');
  const [first] = parseClientMessage(JSON.stringify(Array(1_000).fill({ type: 'ping', id: 1 })));
  expect(first).toEqual({ ok: true, frame: { type: 'ping', id: 1 } });
  expect(judged).toHaveBeenCalledTimes(1);
});

/** What is said of a frame that is malformed. */
function complaint(frame: string | object): string {
  const [parsed] = parseClientMessage(typeof frame === 'string' ? frame : JSON.stringify(frame));
  if (!parsed || parsed.ok || parsed.problem !== 'malformed') throw new Error('it was read');
  return parsed.message;
}

describe('what is said of a malformed frame', () => {
  test('names each field that is missing or wrong, and what it should be', () => {
    expect(complaint({ type: 'subscribe', topic: '', ref: 1.5, cursor: { epoch: 1 } })).toBe(
      'topic: expected a string of 1 to 1024 characters; ref: expected an integer from 0; ' +
        'cursor.epoch: expected string; cursor.offset: missing',
    );
    expect(complaint({ type: 'ack', topic: 't', epoch: 'e', offsets: [1, -1] })).toBe(
      'offsets.1: expected an integer from 0',
    );
    expect(
      complaint({
        type: 'command',
        id: 'x',
        topic: 't',
        priority: 'low',
        created_at: 1,
        attempt: 0,
        command: [],
      }),
    ).toBe(
      'id: expected a UUID; priority: expected ("high" | "normal"); attempt: expected an integer above 0; ' +
        'app_version: missing; command: expected an object with a string `type`',
    );
  });

  test('is five fields at most', () => {
    expect(complaint({ type: 'command' }).split('; ')).toHaveLength(5);
  });

  test('holds nothing of what the frame held, however long', () => {
    const secret = 'secret'.repeat(100_000);
    for (const value of [secret, [secret], { [secret]: secret }])
      for (const [type, { entries }] of Object.entries(clientFrames)) {
        const fields = Object.keys(entries).filter((name) => name !== 'type');
        const text = complaint({ type, ...Object.fromEntries(fields.map((name) => [name, value])) });
        expect(text).not.toContain('secret');
        expect(text.length).toBeLessThan(400);
      }
  });

  test('costs no more for an array of which every item is wrong', () => {
    const frame = {
      type: 'ack',
      topic: 't',
      epoch: 1,
      offsets: Array(100_000).fill('x'),
      failed: [{}, {}, {}],
    };
    expect(complaint(frame)).toBe(
      'epoch: expected string; offsets.0: expected an integer from 0; failed.0.offset: missing',
    );
  });
});

test('numbers have an end, and integers are exact', () => {
  const frame = (created: string, attempt: string) =>
    `{"type":"command","id":"${crypto.randomUUID()}","topic":"t","priority":"high","created_at":${created},"attempt":${attempt},"app_version":1,"command":{"type":"x"}}`;
  expect(complaint(frame('1e999', '9007199254740992'))).toBe(
    'created_at: expected a number; attempt: expected an integer above 0',
  );
  expect([...parseClientMessage(frame('-1.5', '9007199254740991'))]).toMatchObject([{ ok: true }]);
});

test('a traceparent that is none is left out of a command, which is read all the same', () => {
  const of = (traceparent: unknown) => {
    const command = { command: { type: 'x' }, created_at: 1, attempt: 1, app_version: 1 };
    const frame = { type: 'command', id: crypto.randomUUID(), priority: 'high', ...command, traceparent };
    const [parsed] = parseClientMessage(JSON.stringify(frame));
    if (!parsed?.ok || parsed.frame.type !== 'command') throw new Error('it was not read');
    return parsed.frame.traceparent;
  };
  const [trace, span] = ['0af7651916cd43dd8448eb211c80319c', 'b7ad6b7169203331'];
  for (const known of [`00-${trace}-${span}-01`, `00-${trace}-${span}-00`, `cc-${trace}-${span}-fe`])
    expect(of(known)).toBe(known);
  for (const none of [
    undefined,
    null,
    1,
    [`00-${trace}-${span}-01`],
    '',
    `ff-${trace}-${span}-01`,
    `00-${'0'.repeat(32)}-${span}-01`,
    `00-${trace}-${'0'.repeat(16)}-01`,
    `00-${trace.toUpperCase()}-${span}-01`,
    `00-${trace}-${span}-01\n`,
    `00-${trace}-${span}-01-more`,
    `00-${trace}-${span}-01`.repeat(20_000),
  ])
    expect(of(none)).toBeUndefined();
});

test('the name of a topic counts in code points, whoever reads it', () => {
  const topic = '🙂'.repeat(1_024);
  const event = (name: string) =>
    JSON.stringify({ type: 'event', topic: name, offset: 1, ts: 1, event: { type: 'x' } });
  expect(parseServerMessage(event(topic))).toMatchObject([{ ok: true }]);
  expect(parseServerMessage(event(`${topic}x`))).toMatchObject([{ ok: false, problem: 'malformed' }]);
  const unsubscribe = (name: string) => JSON.stringify({ type: 'unsubscribe', topic: name, ref: 1 });
  expect([...parseClientMessage(unsubscribe(topic))]).toMatchObject([{ ok: true }]);
  expect([...parseClientMessage(unsubscribe(`${topic}x`))]).toMatchObject([{ ok: false }]);
});

test('a field that a frame does not know is left out; an event keeps all but what would be its prototype', () => {
  const event = '{"type":"x","__proto__":{"a":1},"constructor":2,"prototype":3,"of":{"__proto__":{"b":1}}}';
  const [parsed] = parseServerMessage(
    `{"type":"event","topic":"t","offset":1,"ts":1,"later":1,"__proto__":{"key":"k"},"event":${event}}`,
  );
  if (!parsed?.ok || parsed.frame.type !== 'event') throw new Error('it was not read');
  expect(Object.keys(parsed.frame).sort()).toEqual(['event', 'offset', 'topic', 'ts', 'type']);
  expect(Object.keys(parsed.frame.event)).toEqual(['type', 'constructor', 'prototype', 'of']);
  expect(Object.getPrototypeOf(parsed.frame.event)).toBe(Object.prototype);
});
