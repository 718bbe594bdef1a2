/** What kind of failure a store's rejection is. */
import { StoreError } from '../core/store.ts';

export function failureOf(error: unknown): Pick<StoreError, 'failure' | 'message'> {
  const { failure, message } =
    error instanceof StoreError ? error : new StoreError('failed', `the store failed: ${String(error)}`);
  return { failure, message };
}
