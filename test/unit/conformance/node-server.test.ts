import { describe, expect, test } from 'vitest';
import { conform, readProfile, summaryOf } from '../../../src/conformance/index.ts';
import { nodeServer, profileOf } from '../../support/conformance/node-profile.ts';

describe.concurrent('the Node server', () => {
  test.each(['memory', 'sqlite'] as const)(
    'keeps the protocol with its log in %s',
    async (memory) => {
      await using server = await nodeServer(memory);
      const remembers = memory === 'sqlite';
      const report = await conform(server.url, readProfile(profileOf(server.controlUrl, { remembers })));
      expect(
        report.judgements.filter(({ outcome }) => outcome.status === 'broken').map(({ id }) => id),
        summaryOf(report),
      ).toEqual([]);
      // A log in memory is not kept over a restart, and has no backup.
      const reasons = report.judgements.flatMap(({ outcome }) =>
        outcome.status === 'not judged' ? [outcome.because] : [],
      );
      expect(new Set(reasons)).toEqual(
        new Set([
          ...(remembers
            ? []
            : [
                'the profile does not offer: control.can "keep"',
                'the profile does not offer: control.can "backup"',
              ]),
          'the profile does not offer: topics.unknown',
          'the distances grow to 60 seconds over minutes, which no run waits for',
        ]),
      );
      expect(report.passed).toBe(true);
    },
    180_000,
  );
});
