import { createElement } from 'react';
import { renderToStaticMarkup } from 'react-dom/server';
import { expect, test } from 'vitest';
import { HistoryEntry } from '../../../demo/console/history/history-entry.tsx';
import { sayDeed } from '../../../demo/console/history/words.ts';
import type { AuditEntry } from '../../../demo/engine/events.ts';
import { auditAction } from '../../../demo/engine/protocol.ts';

const ENTRY: AuditEntry = {
  type: 'audit_entry',
  number: 1,
  at: 0,
  by: 'Ada',
  action: 'approve',
  nodeId: 'gate/1',
  outcome: 'done',
  message: '',
  comment: '',
  cause: 'x',
};
const GATE = { nodeId: 'gate/1', title: 'Approval', kind: 'gate' as const, after: [] };
const shown = (entry: Partial<AuditEntry>) =>
  renderToStaticMarkup(
    createElement(HistoryEntry, { runId: 'r', entry: { ...ENTRY, ...entry }, step: GATE }),
  );

test('a deed names who did it, and leads to its node', () => {
  expect(shown({})).toContain('<p>Ada approved <a href="#/r/gate%2F1">Approval</a> </p>');
});

test('a gate is asked again, a task is run again', () => {
  expect(shown({ action: 'retry' })).toContain('Ada asked <a href="#/r/gate%2F1">Approval</a> again');
  expect(sayDeed({ ...ENTRY, action: 'retry' })).toEqual({ before: 'Ada ran', after: 'again' });
});

test('what was refused is told as what somebody wanted, with the reason and the whole comment', () => {
  const html = shown({ outcome: 'refused', message: 'It was approved by Grace.', comment: 'No!\nNot yet.' });
  expect(html).toContain('Ada wanted to approve <a');
  expect(html).toContain('<strong>Refused.</strong> It was approved by Grace.');
  expect(html).toContain('<blockquote>No!\nNot yet.</blockquote>');
});

test('what the server did is told as the server’s, with its reason', () => {
  const html = shown({ by: null, action: 'restart', nodeId: null, message: 'no server was there for 4 s' });
  expect(html).toContain('<p>The server was restarted and goes on with the run  </p>');
  expect(html).toContain('<p class="hint">no server was there for 4 s</p>');
});

test.each(auditAction.options)('there are words for "%s", done and refused', (action) => {
  for (const outcome of ['done', 'refused'] as const)
    expect(sayDeed({ ...ENTRY, action, outcome }).before).toMatch(/^Ada [a-z]/);
});
