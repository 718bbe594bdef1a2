import { expect, test } from 'vitest';
import { isRow } from '../../worker/browser/store/state-row.ts';

const item = { offset: 1, ts: 1, key: 'a', event: { type: 'node', id: 'a' } };
const row = { topic: 'run', slot: 'a', item, size: 60 };

test.each([
  row,
  { ...row, slot: 7, item: { offset: 7, ts: 0.5, event: { type: 'line' } } },
  { ...row, item: { ...item, gone: true } },
])('a row of the state is one: %j', (one) => expect(isRow(one)).toBe(true));

test.each([
  null,
  'a row',
  [row],
  { ...row, topic: undefined },
  { ...row, slot: null },
  { ...row, slot: Number.NaN },
  { ...row, size: 0 },
  { ...row, size: '60' },
  { ...row, item: null },
  { ...row, item: { ...item, offset: -1 } },
  { ...row, item: { ...item, offset: 1.5 } },
  { ...row, item: { ...item, ts: '1' } },
  { ...row, item: { ...item, key: null } },
  { ...row, item: { ...item, gone: false } },
  { ...row, item: { ...item, event: 'node' } },
  { ...row, item: { ...item, event: { type: 1 } } },
  { ...row, item: { ...item, event: Object.assign([], { type: 'node' }) } },
])('what is none is told from it: %j', (one) => expect(isRow(one)).toBe(false));
