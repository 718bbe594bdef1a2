import { expect, test } from 'vitest';
import * as z from 'zod/mini';
import { defineProtocol } from '../../src/protocol/index.ts';
import { hubSettings } from '../../worker/core/settings.ts';
import { startHub } from '../../worker/index.ts';
import { savedState } from '../../worker/saved-state.ts';

test('the settings of a hub have the defaults that are promised', () => {
  expect(hubSettings()).toEqual({
    connectTimeoutMs: 10_000,
    heartbeatMs: 30_000,
    pongTimeoutMs: 10_000,
    probeTimeoutMs: 3_000,
    backoffBaseMs: 1_000,
    backoffMaxMs: 30_000,
    jitter: 'full',
    stableAfterMs: 10_000,
    breakerFailures: 10,
    breakerCoolDownMs: 60_000,
    resyncAfterMs: 30_000,
    highLimit: 50,
    normalLimit: 200,
    inFlightLimit: 128,
    floodBuffer: 1_000,
    tailLimit: 500,
    cursorSaveMs: 500,
    stateSaveMs: 5_000,
    stateBytes: 67_108_864,
    lingerMs: 5_000,
    newestOwns: false,
  });
  expect(hubSettings({ jitter: 'none', lingerMs: 0 })).toMatchObject({ jitter: 'none', lingerMs: 0 });
});

test('a setting that does not exist, or cannot be, is refused by name', () => {
  expect(() => hubSettings({ linger: 5 } as object)).toThrow(/no setting `linger`/);
  expect(() => hubSettings({ newestOwns: 1 as unknown as boolean })).toThrow(/`newestOwns` cannot be 1/);
  for (const lingerMs of [-1, Number.NaN, Number.POSITIVE_INFINITY, '5' as unknown as number]) {
    expect(() => hubSettings({ lingerMs })).toThrow(/`lingerMs` cannot be/);
  }
  expect(() => hubSettings({ jitter: 'some' as 'full' })).toThrow(/`jitter` cannot be some/);
});

test('a hub that is started outside of a worker says so', () => {
  const protocol = defineProtocol({ app: 'ops', version: 1, events: {}, commands: {} });
  expect(() => startHub(protocol)).toThrow(/this is no worker/);
  expect(() => startHub(protocol, { settings: { lingerMs: -1 } })).toThrow(/lingerMs/);
});

test('a hub that is given nothing to keep events with, of which some are to be kept, says what to do', () => {
  const protocol = defineProtocol({
    app: 'ops',
    version: 1,
    events: { node: { schema: z.object({ id: z.string() }), persist: true } },
    commands: {},
  });
  expect(() => startHub(protocol)).toThrow(
    /`node` has `persist`: give it the `savedState` of trunkline\/saved-state/,
  );
  expect(() => startHub(protocol, { savedState })).toThrow(/this is no worker/);
});
