import { beforeEach, expect, onTestFinished, test, vi } from 'vitest';
import { decisionsMade, forgetDecision, keepDecision } from '../../../demo/console/gates/decisions-made.ts';

beforeEach(() => {
  const kept = new Map<string, string>();
  vi.stubGlobal('localStorage', {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, text: string) => kept.set(key, text),
    removeItem: (key: string) => kept.delete(key),
  });
  onTestFinished(() => {
    vi.unstubAllGlobals();
  });
});
const decision = (id: string) => ({
  id,
  command: { type: 'human_decision', runId: 'r', gateId: `r/${id}/1`, verdict: 'approve' },
});
const ids = (name: string) => decisionsMade(name).map(({ id }) => id);

test('what one person has decided is kept for that person, whoever signs in meanwhile', () => {
  keepDecision(decision('one'), 'One?', 'Ada');
  keepDecision(decision('two'), 'Two?', 'Grace');
  expect(ids('Grace')).toEqual(['two']);
  for (const id of ids('Grace')) forgetDecision(id);
  expect(ids('Ada')).toEqual(['one']);
});

test('a decision that a page of an older build has kept is told to whoever comes', () => {
  const old = { id: 'one', runId: 'r', gateId: 'r/one/1', title: 'One?', verdict: 'approve' };
  localStorage.setItem('trunkline-console:decisions', JSON.stringify([old]));
  expect(ids('Ada')).toEqual(['one']);
});
