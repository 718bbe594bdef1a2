import { expect, test } from 'vitest';
import { type Incident, Incidents } from '../../../src/gateway/backend/incidents.ts';
import { type ProblemKind, wrong } from '../../../src/gateway/backend/problem.ts';

function scene() {
  const told: Incident[] = [];
  const incidents = new Incidents((incident) => told.push(incident));
  return {
    told,
    incidents,
    met: (kind: ProblemKind, about: string, now: number) =>
      incidents.met(wrong(kind, `it is ${kind}`).problem, about, now),
  };
}

test('a problem is told when it begins, and once more when it is over, with how often it was met', () => {
  const { told, incidents, met } = scene();
  for (let now = 0; now < 100; now += 1) met('unreachable', `command ${now}`, now);
  expect(told).toMatchObject([{ state: 'begun', about: 'command 0' }]);
  incidents.answered('command x', 20_000);
  expect(told.slice(1)).toEqual([
    { state: 'over', about: 'command x', message: 'answered; over, after 100 times: it is unreachable' },
  ]);
  incidents.answered('command x', 40_000);
  expect(told).toHaveLength(2);
  met('unreachable', 'command y', 50_000);
  expect(told).toHaveLength(3);
});

test('one that comes and goes is one', () => {
  const { told, incidents, met } = scene();
  for (let now = 0; now < 100_000; now += 1_000) {
    met('failed', 'command a', now);
    incidents.answered('command a', now + 500);
  }
  expect(told).toHaveLength(1);
});

test('one that belongs to a command is not over while only others are answered', () => {
  const { told, incidents, met } = scene();
  met('unclear', 'command a', 0);
  met('unclear', 'command b', 0);
  incidents.answered('command b', 20_000);
  expect(told.map(({ state, about }) => `${state} ${about}`)).toEqual([
    'begun command a',
    'begun command b',
    'over command b',
  ]);
});

test('commands of invented names do not fill its memory, and keep nothing from being told of the whole', () => {
  const { told, met } = scene();
  for (let count = 0; count < 5_000; count += 1) met('failed', `command ${count}`, 0);
  expect(told).toHaveLength(1_000);
  met('unreachable', 'command x', 0);
  expect(told).toHaveLength(1_001);
  // Nor anything of a command from then on.
  met('failed', 'command real', 2_000);
  expect(told.at(-1)).toMatchObject({ state: 'begun', about: 'command real' });
});
