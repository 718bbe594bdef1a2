import { expect, test } from 'vitest';
import { parseServerMessage } from '../../src/protocol/frames/index.ts';

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
