import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { findPython } from '../../../scripts/python.ts';
import {
  conform,
  type ProfileInput,
  type Report,
  readProfile,
  summaryOf,
} from '../../../src/conformance/index.ts';
import { controlled } from '../../support/conformance/controlled.ts';
import { profileOf } from '../../support/conformance/node-profile.ts';

const example = (name: string) => fileURLToPath(new URL(`../../../docs/examples/${name}`, import.meta.url));
const python = findPython();

const broken = ({ judgements }: Report) =>
  judgements.filter(({ outcome }) => outcome.status === 'broken').map(({ id }) => id);
const notJudged = ({ judgements }: Report) =>
  judgements.filter(({ outcome }) => outcome.status === 'not judged').map(({ id }) => id);

if (python === null) {
  test('NOT CHECKED: the servers in docs/examples by the kit, because no python3 here has the package `websockets`', () => {
    console.warn('the Python examples were not judged: no python3 here has the package `websockets`');
  });
} else {
  describe.concurrent('the servers in Python', () => {
    test('full_server.py keeps the protocol at the full level, controlled by control.py', async () => {
      await using server = await controlled(
        ({ port, memory, runs }) => [
          ...[
            python,
            example('full_server.py'),
            '--port',
            String(port),
            '--database',
            memory,
            '--runs',
            runs,
          ],
        ],
        { control: [python, example('control.py')] },
      );
      // Its deadlines are those of the protocol, and all tokens take it as long.
      const { hello_ms: _, ...profile } = profileOf(server.controlUrl, { remembers: true });
      const people = profile.people?.map(({ token }) => (token === undefined ? {} : { token }));
      const report = await conform(server.url, readProfile({ ...profile, people }));
      expect(broken(report), summaryOf(report)).toEqual([]);
      expect(notJudged(report)).toEqual([
        'criticals/backs-off-to-a-minute',
        'fencing/slow-token',
        'identity/unknown-topic',
        'pressure/slow-message',
      ]);
      expect(report.passed).toBe(true);
    }, 180_000);

    const smallest: ProfileInput = {
      level: 'smallest',
      app: 'test',
      app_version: 1,
      patience_ms: 20_000,
      topics: { name: 'machines', unknown: 'elsewhere' },
      commands: {
        accept: {
          command: { type: 'switch', machine: 'saw', on: false },
          publishes: true,
          topic: 'machines',
        },
      },
    };
    const smallestServer = () =>
      controlled(({ port }) => [python, example('smallest_server.py'), String(port), '200']);

    test('smallest_server.py keeps the protocol at the smallest level', async () => {
      await using server = await smallestServer();
      const control = { url: server.controlUrl, can: ['kill' as const, 'lose' as const] };
      const report = await conform(server.url, readProfile({ ...smallest, control }));
      expect(broken(report), summaryOf(report)).toEqual([]);
      // No command of its takes long; it does not tell people apart, and forbids nothing.
      expect(notJudged(report)).toEqual([
        'fencing/queued-comes-again',
        'identity/other-principal',
        'identity/wrong-token',
        'identity/mismatch',
        'identity/forbidden-topic',
        'identity/forbidden-command',
      ]);
      expect(report.passed).toBe(true);
    }, 180_000);

    test('a topic that smallest_server.py does not have is told before anything is judged', async () => {
      await using server = await smallestServer();
      const profile = readProfile({ ...smallest, topics: { name: 'machine' } });
      await expect(conform(server.url, profile)).rejects.toThrow(
        'topic machine was answered by `error` unknown_topic (there is only the topic machines) to person 1; is `topics.name` right?',
      );
    });

    test('smallest_server.py is judged by sockets alone where nothing controls it', async () => {
      await using server = await smallestServer();
      const report = await conform(server.url, readProfile(smallest), { only: ['once', 'restart'] });
      expect(broken(report), summaryOf(report)).toEqual([]);
      expect(notJudged(report).filter((id) => !id.startsWith('restart/'))).toEqual([]);
      expect(notJudged(report)).toContain('restart/new-epoch');
      expect(report.passed).toBe(true);
    }, 180_000);
  });
}
