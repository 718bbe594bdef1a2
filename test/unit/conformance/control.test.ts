import { describe, expect, test } from 'vitest';
import {
  conform,
  type ProfileInput,
  type Report,
  readProfile,
  summaryOf,
} from '../../../src/conformance/index.ts';
import { failingControl } from '../../support/conformance/failing-control.ts';
import { nodeServer, profileOf } from '../../support/conformance/node-profile.ts';

const outcomes = ({ judgements }: Report) =>
  Object.fromEntries(judgements.map(({ id, outcome }) => [id, outcome]));
const controlledAt = (url: string): ProfileInput => profileOf(url, { remembers: true });

describe.concurrent('a control interface that fails at what the profile promises', () => {
  test('leaves a whole report where it cannot start the server again', async () => {
    await using server = await nodeServer('sqlite');
    await using control = await failingControl(server.controlUrl, (request) =>
      request === 'POST /start' ? 'refused' : null,
    );
    const report = await conform(server.url, readProfile(controlledAt(control.url)), {
      only: ['once/same-socket', 'restart/new-epoch', 'restart/dedupe-since'],
    });
    const failure = `the control interface failed at POST ${control.url}/start: 500 no such thing`;
    expect(outcomes(report)).toMatchObject({
      'once/same-socket': { status: 'held' },
      'restart/new-epoch': { status: 'not judged', because: failure },
      'restart/dedupe-since-lost': {
        status: 'not judged',
        because: 'the server could not be started again',
      },
      'restart/dedupe-since-kept': {
        status: 'not judged',
        because: 'the server could not be started again',
      },
    });
    expect(report.failures).toEqual([failure]);
    expect(report.passed).toBe(false);
    expect(summaryOf(report)).toContain(failure);
  });

  test('does not pass where it fails at nothing but what nobody waits for any more', async () => {
    await using server = await nodeServer('sqlite');
    let starts = 0;
    await using control = await failingControl(server.controlUrl, (request) => {
      if (request === 'POST /start') starts += 1;
      // The case itself never starts it: it ends with the server that it has stopped.
      return request === 'POST /start' ? 'refused' : null;
    });
    const report = await conform(server.url, readProfile(controlledAt(control.url)), {
      only: ['restart/draining'],
    });
    expect(outcomes(report)).toMatchObject({ 'restart/draining': { status: 'held' } });
    expect(starts).toBe(1);
    expect(report.failures).toHaveLength(1);
    expect(report.passed).toBe(false);
  });

  test('starts a server again that was ended though the answer was lost, and says so', async () => {
    await using server = await nodeServer('sqlite');
    let kills = 0;
    await using control = await failingControl(server.controlUrl, (request) => {
      if (request !== 'POST /kill') return null;
      kills += 1;
      return kills === 1 ? 'lost' : null;
    });
    const report = await conform(server.url, readProfile(controlledAt(control.url)), {
      only: ['restart/new-epoch', 'restart/dedupe-since-lost'],
    });
    expect(outcomes(report)).toMatchObject({
      'restart/new-epoch': { status: 'not judged' },
      'restart/dedupe-since-lost': { status: 'held' },
    });
    expect(report.failures).toHaveLength(1);
    expect(report.passed).toBe(false);
  });

  test('leaves a server alone that it did not end', async () => {
    await using server = await nodeServer('sqlite');
    const asked: string[] = [];
    await using control = await failingControl(server.controlUrl, (request) => {
      asked.push(request);
      return request === 'POST /kill' ? 'refused' : null;
    });
    const report = await conform(server.url, readProfile(controlledAt(control.url)), {
      only: ['restart/dedupe-since-lost', 'restart/draining'],
    });
    expect(outcomes(report)).toMatchObject({
      'restart/dedupe-since-lost': { status: 'not judged' },
      'restart/draining': { status: 'held' },
    });
    expect(asked).toEqual(['POST /kill', 'POST /stop', 'POST /start']);
    expect(report.passed).toBe(false);
  });

  test('is named with its address and the cause where nobody listens there', async () => {
    await using server = await nodeServer('memory');
    const { url, [Symbol.asyncDispose]: close } = await failingControl(server.controlUrl, () => null);
    await close();
    const report = await conform(server.url, readProfile(controlledAt(url)), {
      only: ['once/same-socket', 'order/live-contents'],
    });
    const cause = `connect ECONNREFUSED ${new URL(url).host}`;
    expect(report.failures).toContain(`the control interface failed at POST ${url}/publish: ${cause}`);
    expect(report.passed).toBe(false);
    expect(outcomes(report)['order/live-contents']).toMatchObject({ status: 'not judged' });
  });
});
