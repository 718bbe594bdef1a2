/** Whether what a transaction expects is so. */
import type { Expectation, LoggedEvent } from './event-log.ts';

export function areMet(
  expectations: readonly Expectation[],
  log: { latest(topic: string, key: string): LoggedEvent | null },
): boolean {
  return expectations.every(({ topic, key, offset }) => (log.latest(topic, key)?.offset ?? 0) === offset);
}
