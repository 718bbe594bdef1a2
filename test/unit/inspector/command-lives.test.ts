import { describe, expect, test } from 'vitest';
import type { Entry, Settlement } from '../../../src/inspector/inspected.ts';
import { CommandLives } from '../../../src/inspector/recording/command-lives.ts';

const entry = (id: string, state: 'queued' | 'sent' | 'uncertain', attempt = 0, createdAt = 100): Entry => ({
  id,
  topic: 'run',
  priority: 'high',
  createdAt,
  attempt,
  dedupeKey: null,
  appVersion: 1,
  state,
  command: { type: 'decide' },
});
const rejected = (id: string): Entry => ({
  ...entry(id, 'sent', 1),
  state: 'rejected',
  error: { code: 'no', message: 'not now' },
});
const settled = (id: string, at: number, outcome: Settlement['outcome']): Settlement => ({
  id,
  at,
  command: { type: 'decide' },
  outcome,
});
const accepted = { status: 'accepted', duplicate: false, result: null } as const;

const stagesOf = (lives: CommandLives, id: string) =>
  lives.all.find((life) => life.id === id)?.stretches.map(({ stage, from }) => `${stage} ${from}`);

describe('what becomes of a command is known', () => {
  test('from its beginning, where it was never handed to a socket before', () => {
    const lives = new CommandLives();
    lives.heard([entry('a', 'queued')], 150);
    lives.heard([entry('a', 'sent', 1)], 200);
    lives.heard([], 300);
    lives.settled(settled('a', 290, accepted));
    expect(stagesOf(lives, 'a')).toEqual(['queued 100', 'sent 200', 'accepted 290']);
    expect(lives.all[0]?.isOver).toBe(true);
  });

  test('from when this page looked, where it was sent before', () => {
    const lives = new CommandLives();
    lives.heard([entry('a', 'sent', 1)], 500);
    expect(stagesOf(lives, 'a')).toEqual(['unseen 100', 'sent 500']);
  });

  test('as its end alone, where it was over before a frame was painted', () => {
    const lives = new CommandLives();
    lives.settled(settled('a', 290, accepted));
    expect(stagesOf(lives, 'a')).toEqual(['accepted 290']);
  });

  test('also of one that waits for a person, is tried again, and is dismissed at last', () => {
    const lives = new CommandLives();
    lives.heard([entry('a', 'queued')], 100);
    lives.heard([rejected('a')], 200);
    lives.settled(settled('a', 200, { status: 'rejected', code: 'no', message: 'not now' }));
    expect(lives.all[0]).toMatchObject({ isOver: true, message: 'not now' });
    lives.heard([entry('a', 'queued', 1)], 300);
    expect(lives.all[0]).toMatchObject({ isOver: false, message: null });
    lives.heard([rejected('a')], 400);
    lives.heard([], 500);
    expect(stagesOf(lives, 'a')).toEqual([
      'queued 100',
      'rejected 200',
      'queued 300',
      'rejected 400',
      'left 500',
    ]);
  });
});

test('a life that did not change is the same object', () => {
  const lives = new CommandLives();
  const [one, two] = [entry('a', 'queued'), entry('b', 'queued')];
  lives.heard([one, two], 100);
  const [before] = lives.all;
  lives.heard([one, { ...two, state: 'sent' }], 200);
  expect(lives.all[0]).toBe(before);
});

test('those in the outbox come first, in its order, and of those that left it the 500 newest are kept', () => {
  const lives = new CommandLives();
  for (let i = 0; i < 600; i++) lives.settled(settled(`old ${i}`, i, accepted));
  lives.heard([entry('b', 'queued'), entry('a', 'queued')], 700);
  expect(lives.all.map(({ id }) => id).slice(0, 3)).toEqual(['b', 'a', 'old 599']);
  expect(lives.all).toHaveLength(502);
});
