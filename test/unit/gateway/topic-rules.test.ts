import { expect, test } from 'vitest';
import { type Action, allows, readRule } from '../../../src/gateway/people/topic-rules.ts';

const ada = { principal: 'ada', claims: { org: 'acme', team: { id: 7 }, admin: true, none: '' } };
const may = (pattern: string, topic: string, claims: Record<string, unknown> = ada.claims) =>
  allows([readRule(pattern, ['read'])], { principal: 'ada', claims }, topic, 'read');

test.for<[string, string, boolean]>([
  ['news', 'news', true],
  ['news', 'news/', false],
  ['news', 'News', false],
  ['runs/*', 'runs/1', true],
  ['runs/*', 'runs', false],
  ['runs/*', 'runs/', false],
  ['runs/*', 'runs/1/2', false],
  ['*', 'anything', true],
  ['*', 'any/thing', false],
  ['run:*', 'run:1', true],
  ['run:*', 'run:', false],
  ['run:*', 'xrun:1', false],
  ['a*a', 'a', false],
  ['a*a', 'aa', false],
  ['a*a', 'aba', true],
  ['runs/{claims.org}/*', 'runs/acme/1', true],
  ['runs/{claims.org}/*', 'runs/other/1', false],
  ['runs/{claims.org}/*', 'runs/acme', false],
  ['teams/{claims.team.id}', 'teams/7', true],
  ['teams/{claims.team.name}', 'teams/undefined', false],
  ['teams/{claims.team}', 'teams/[object Object]', false],
  ['people/{principal}', 'people/ada', true],
  ['people/{principal}', 'people/grace', false],
  ['org-{claims.org}.log', 'org-acme.log', true],
  ['flags/{claims.admin}', 'flags/true', false],
  ['x{claims.none}', 'x', false],
  ['x/{claims.toString}', 'x/', false],
  ['x/{claims.__proto__}', 'x/', false],
])('the pattern %s takes the topic %s: %s', ([pattern, topic, expected]) => {
  expect(may(pattern, topic)).toBe(expected);
});

test.for(['*', '**', 'acme/1', 'acme/*', '{claims.org}', '{principal}', 'a*', '/', ''])(
  'a claim %j widens no pattern, and takes no topic at all',
  (org) => {
    for (const topic of ['runs/acme/1', 'runs/acme', `runs/${org}`, `runs/${org}/1`, 'runs/ada/1', 'runs//1'])
      for (const pattern of ['runs/{claims.org}/*', 'runs/{claims.org}'])
        expect([topic, pattern, may(pattern, topic, { org })]).toEqual([topic, pattern, false]);
  },
);

test('what is allowed is what one of the rules allows: reading alone, writing alone, or both', () => {
  const rules = [readRule('a', ['read']), readRule('b', ['write']), readRule('*', [])];
  const allowed = (topic: string, action: Action) => allows(rules, ada, topic, action);
  expect([allowed('a', 'read'), allowed('a', 'write')]).toEqual([true, false]);
  expect([allowed('b', 'read'), allowed('b', 'write')]).toEqual([false, true]);
  expect([allowed('c', 'read'), allowed('c', 'write')]).toEqual([false, false]);
  expect(allows([], ada, 'a', 'read')).toBe(false);
});

test.for<[string, RegExp]>([
  ['', /empty/],
  ['a//b', /empty/],
  ['a/', /empty/],
  ['/a', /empty/],
  ['**', /more than one/],
  ['{claims.org}*', /more than one/],
  ['{claims.org}{claims.team}', /more than one/],
  ['{org}', /\{org\} is neither/],
  ['{claims}', /neither/],
  ['{claims.}', /neither/],
  ['{claims.org', /neither/],
  ['claims.org}', /neither/],
  ['{claims.a/b}', /neither/],
])('the pattern %j is refused', ([pattern, why]) => {
  expect(() => readRule(pattern, ['read'])).toThrow(why);
});
