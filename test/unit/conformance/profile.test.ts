import { expect, test } from 'vitest';
import { readProfile } from '../../../src/conformance/index.ts';

const least = { app: 'a', app_version: 1, topics: { name: 't' } };

test('a profile needs the application and a topic alone', () => {
  expect(readProfile(least)).toMatchObject({ level: 'full', people: [{}], commands: {}, repeat_ms: 5_000 });
});

test.each([
  [{ ...least, app: 3 }, 'app: '],
  [{ ...least, topics: { nam: 't' } }, 'topics.name: '],
  [{ ...least, people: [] }, 'people: '],
  [{ ...least, control: { url: 'http://127.0.0.1:1', can: ['publish', 'fly'] } }, 'control.can.1: '],
  [
    { ...least, control: { url: 'http://192.0.2.1/', can: [] } },
    'control.url: it must be on the loopback interface',
  ],
  [{ ...least, person: [] }, 'person: there is no field `person`'],
  [{ ...least, topics: { name: 't', unknwon: 'u' } }, 'topics.unknwon: there is no field `unknwon`'],
  [{ app: 'a', topics: { name: 't' } }, 'app_version: the field `app_version` is missing'],
  [[], 'app: the field `app` is missing'],
  [3, 'profile: '],
  [{ ...least, control: { url: 'http://127.0.0.1:1', can: ['kill'] } }, 'control.can: what ends the server'],
])('a wrong profile is refused with the place that is wrong', (profile, place) => {
  expect(() => readProfile(profile)).toThrow(`the profile is wrong at ${place}`);
});
