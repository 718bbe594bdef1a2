/** What kind of failure an IndexedDB error is. */
import { StoreError, type StoreFailure } from '../../core/store.ts';
import { afterAwake } from './awake.ts';

/** https://w3c.github.io/IndexedDB/#exceptions, as far as they call for something else than another try. */
const FAILURES: Readonly<Record<string, StoreFailure>> = {
  QuotaExceededError: 'full',
  VersionError: 'newer_format',
  SecurityError: 'unavailable',
};

/** What went wrong in IndexedDB, in the store's words. `doing` completes "IndexedDB could not …". */
export function storeError(error: unknown, doing: string): StoreError {
  if (error instanceof StoreError) return error;
  const { name = 'Error', message = String(error) } = error instanceof Error ? error : {};
  const failure = Object.hasOwn(FAILURES, name) ? FAILURES[name] : undefined;
  return new StoreError(failure ?? 'failed', `IndexedDB could not ${doing}: ${name}: ${message}`, {
    cause: error,
  });
}

/** Rejects with `late()` where the work takes longer than `ms`: IndexedDB may never answer at all. */
export function withDeadline<T>(work: Promise<T>, ms: number, late: () => StoreError): Promise<T> {
  return new Promise((resolve, reject) => {
    const stop = afterAwake(ms, () => reject(late()));
    work.then(resolve, reject).finally(stop);
  });
}
