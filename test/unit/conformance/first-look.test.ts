import { describe, expect, test } from 'vitest';
import { conform, type ProfileInput, readProfile } from '../../../src/conformance/index.ts';
import { nodeServer, profileOf } from '../../support/conformance/node-profile.ts';

describe.concurrent('a profile that does not fit the server', () => {
  const people = [{ token: 'token-of-ada' }, { token: 'token-of-somebody' }];
  test.each<[string, Partial<ProfileInput>, RegExp]>([
    [
      'a token',
      { people },
      /^the server turned person 2 away: unauthorized \(.+\); is `people\[1\]\.token` right\?$/,
    ],
    [
      'a token that takes long',
      { people: [{ token: 'token-of-ada', slow_token: 'token-of-somebody' }] },
      /^the server turned person 1 away: unauthorized \(.+\); is `people\[0\]\.slow_token` right\?$/,
    ],
    [
      'the application',
      { app: 'another' },
      /^the server turned person 1 away: unsupported \(.+\); are `app` and `app_version` right\?$/,
    ],
    [
      'the topic',
      { topics: { name: 'forbidden' } },
      /^topic forbidden was answered by `error` forbidden \(.+\) to person 1; are `topics\.name` and `people\[0\]` right\?$/,
    ],
  ])('is told before anything is judged, with the field: %s', async (_, wrong, message) => {
    await using server = await nodeServer('memory');
    const profile = readProfile({ ...profileOf(server.controlUrl, { remembers: false }), ...wrong });
    await expect(conform(server.url, profile)).rejects.toThrow(message);
  });

  test('is doubted where no event holds a text where the profile says', async () => {
    await using server = await nodeServer('memory');
    const profile = { ...profileOf(server.controlUrl, { remembers: false }), event_text: 'txet' };
    const report = await conform(server.url, readProfile(profile), { only: ['order/live-contents'] });
    expect(report.judgements[0]?.outcome).toMatchObject({
      status: 'broken',
      because: expect.stringContaining('is `event_text` right?'),
    });
  });
});
