import { expect, test, vi } from 'vitest';
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
  const judged = vi.spyOn(clientFrames.ping._zod, 'run');
  const [first] = parseClientMessage(JSON.stringify(Array(1_000).fill({ type: 'ping', id: 1 })));
  expect(first).toEqual({ ok: true, frame: { type: 'ping', id: 1 } });
  expect(judged).toHaveBeenCalledTimes(1);
});
