import { describe, expect, test } from 'vitest';
import { conform, readProfile, summaryOf } from '../../../src/conformance/index.ts';
import { nodeServer, profileOf } from '../../support/conformance/node-profile.ts';
import { WRONG_SERVERS } from '../../support/conformance/wrong-servers.ts';

describe.concurrent('a wrong server is caught by the name of what it breaks', () => {
  test.each(WRONG_SERVERS)(
    '$name: $breaks',
    async ({ edits, breaks, log }) => {
      await using server = await nodeServer(log, edits);
      const profile = readProfile(profileOf(server.controlUrl, { remembers: log === 'sqlite' }));
      const report = await conform(server.url, profile, { only: [breaks] });
      const broken = report.judgements.filter(({ outcome }) => outcome.status === 'broken');
      expect(
        broken.map(({ id }) => id),
        summaryOf(report),
      ).toContain(breaks);
      expect(report.passed).toBe(false);
    },
    180_000,
  );
});
