/** When the listeners of a value are called. */
import { attempt, type Report } from './errors.ts';
import type { Readable } from './types.ts';

export interface Cell<T> extends Readable<T> {
  set(value: T): void;
}

/** A value that can be watched. `used` hears of its first listener, and when its last one left. */
export function cell<T>(first: T, report: Report, used?: (isUsed: boolean) => void): Cell<T> {
  let value = first;
  const entries = new Set<{ listener: (value: T) => void }>();
  const tell = ({ listener }: { listener: (value: T) => void }) => attempt(() => listener(value), report);
  return {
    get: () => value,
    subscribe(listener) {
      const entry = { listener };
      entries.add(entry);
      if (entries.size === 1) used?.(true);
      tell(entry);
      return () => {
        if (entries.delete(entry) && entries.size === 0) used?.(false);
      };
    },
    set(next) {
      if (Object.is(next, value)) return;
      value = next;
      for (const entry of [...entries]) {
        // A listener that set a newer value has told everybody already.
        if (!Object.is(next, value)) return;
        if (entries.has(entry)) tell(entry);
      }
    },
  };
}

/** A part of a value: listeners hear of it when that part changes. */
export function select<T, S>(source: Readable<T>, pick: (value: T) => S): Readable<S> {
  return {
    get: () => pick(source.get()),
    subscribe(listener) {
      let told: { value: S } | undefined;
      return source.subscribe((value) => {
        const next = pick(value);
        if (told && Object.is(told.value, next)) return;
        told = { value: next };
        listener(next);
      });
    },
  };
}

/** Ends what `start` began when the returned function is called or the signal aborts, whichever is first. */
export function until(signal: AbortSignal | undefined, start: () => () => void): () => void {
  if (signal?.aborted) return () => {};
  const end = start();
  const stop = () => {
    signal?.removeEventListener('abort', stop);
    end();
  };
  signal?.addEventListener('abort', stop);
  return stop;
}
