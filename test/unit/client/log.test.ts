import { afterEach, expect, test, vi } from 'vitest';
import { TrunklineError } from '../../../src/client/errors.ts';
import { createLogger, createReport } from '../../../src/client/log.ts';

afterEach(() => vi.restoreAllMocks());

function spies() {
  return {
    debug: vi.spyOn(console, 'debug').mockImplementation(() => {}),
    warn: vi.spyOn(console, 'warn').mockImplementation(() => {}),
  };
}

test.each([
  [undefined, 0, 1],
  ['silent', 0, 0],
  ['warn', 0, 1],
  ['debug', 1, 1],
] as const)('with `log: %s` the console gets what it says', (log, debugs, warnings) => {
  const { debug, warn } = spies();
  const logger = createLogger(log);
  logger.debug('a detail');
  logger.warn('a problem');
  expect([debug.mock.calls.length, warn.mock.calls.length]).toEqual([debugs, warnings]);
});

test('an error goes to onError, or else to the log', () => {
  const { warn } = spies();
  const error = new TrunklineError('listener', 'oops');
  const got: unknown[] = [];
  createReport(createLogger(), (told) => got.push(told))(error);
  expect(got).toEqual([error]);
  expect(warn).not.toHaveBeenCalled();
  createReport(createLogger())(error);
  expect(warn).toHaveBeenCalledWith('[trunkline]', error);
});

test('an onError that throws is logged, and stops nobody', () => {
  const { warn } = spies();
  const thrown = new Error('in onError');
  createReport(createLogger(), () => {
    throw thrown;
  })(new TrunklineError('listener', 'oops'));
  expect(warn).toHaveBeenCalledWith('[trunkline]', thrown);
});
