/** How a conformance suite says what does not hold, to any test runner. */
import type { StoreFailure } from '../../worker/core/store.ts';

/** One thing that a store must do; `run` rejects where it does not. */
export interface ConformanceCheck {
  readonly name: string;
  run(): Promise<void>;
}

export async function expectFailure(promise: Promise<unknown>, failure: StoreFailure): Promise<void> {
  const error: unknown = await promise.then(
    () => null,
    (reason) => reason,
  );
  same([Object(error).name, Object(error).failure], ['StoreError', failure]);
}

export function isTrue(condition: boolean, what: string): void {
  if (!condition) throw new Error(`this does not hold: ${what}`);
}

export function same(actual: unknown, expected: unknown): void {
  const [is, wanted] = [inOrder(actual), inOrder(expected)];
  if (is !== wanted) throw new Error(`expected ${wanted}, not ${is}`);
}

/** Rows are JSON; the order of their fields means nothing. */
function inOrder(value: unknown): string {
  return JSON.stringify(value, (_key, part: unknown) =>
    typeof part === 'object' && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  );
}
