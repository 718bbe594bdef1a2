import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { conform, readProfile, summaryOf } from '../../../src/conformance/index.ts';
import { controlled } from '../../support/conformance/controlled.ts';
import { profileOf } from '../../support/conformance/node-profile.ts';

const SERVER = fileURLToPath(new URL('../../support/conformance/gateway-server.ts', import.meta.url));

test('a gateway in front of a backend over HTTP keeps the protocol at the full level', async () => {
  await using server = await controlled(({ port, memory, runs }) => [
    process.execPath,
    SERVER,
    String(port),
    memory,
    runs,
  ]);
  const report = await conform(server.url, readProfile(profileOf(server.controlUrl, { remembers: true })));
  const idsOf = (status: string) =>
    report.judgements.filter(({ outcome }) => outcome.status === status).map(({ id }) => id);
  expect(idsOf('broken'), summaryOf(report)).toEqual([]);
  expect(idsOf('not judged')).toEqual(['criticals/backs-off-to-a-minute', 'identity/unknown-topic']);
  expect(report.passed).toBe(true);
}, 300_000);
