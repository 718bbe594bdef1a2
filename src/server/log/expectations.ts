/** Whether what a transaction expects is so. */
import type { Expectation } from './event-log.ts';
import type { Projection } from './projection.ts';

export function areMet(
  expectations: readonly Expectation[],
  log: Pick<Projection, 'latest' | 'read'>,
): boolean {
  return expectations.every(
    ({ topic, key, offset, epoch = null }) =>
      (log.latest(topic, key)?.offset ?? 0) === offset &&
      (epoch === null || log.read(topic, { after: offset }, { first: 0 }).epoch === epoch),
  );
}
