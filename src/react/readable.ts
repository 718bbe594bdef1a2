/** When a component of React renders anew for a value of the client's. */
import { useCallback, useEffect, useMemo, useRef, useSyncExternalStore } from 'react';
import type { Readable } from '../index.ts';

/** A part of a value, or what follows from it. It may be written inline. */
export type Select<T, V> = (value: T) => V;
export type IsEqual<V> = (before: V, now: V) => boolean;

/**
 * The value of a Readable, which must be the same one in each render, or what is selected of it: renders when that has
 * changed, by `isEqual`. What is equal stays the same object.
 *
 * @param isEqual @default Object.is
 */
export function useReadable<T>(readable: Readable<T>): T;
export function useReadable<T, V>(readable: Readable<T>, select: Select<T, V>, isEqual?: IsEqual<V>): V;
export function useReadable<T>(
  readable: Readable<T>,
  select?: Select<T, unknown>,
  isEqual?: IsEqual<unknown>,
) {
  const first = useMemo(() => readable.get(), [readable]);
  return useSelected(readable, first, select, isEqual);
}

const all = <T>(value: T): T => value;

/** As `useReadable`; on a server, and in the first render after it, it is what is selected of `first`. */
export function useSelected<T>(readable: Readable<T>, first: T): T;
export function useSelected<T>(
  readable: Readable<T>,
  first: T,
  select?: Select<T, unknown>,
  isEqual?: IsEqual<unknown>,
): unknown;
export function useSelected<T>(
  readable: Readable<T>,
  first: T,
  select: Select<T, unknown> = all,
  isEqual: IsEqual<unknown> = Object.is,
): unknown {
  const subscribe = useCallback((changed: () => void) => readable.subscribe(changed), [readable]);
  const committed = useRef<{ readonly selected: unknown } | null>(null);
  const [now, onServer] = useMemo(() => {
    let last: { readonly value: T; readonly selected: unknown } | null = null;
    const selectOf = (value: T) => {
      if (last && Object.is(last.value, value)) return last.selected;
      const before = last ?? committed.current;
      const fresh = select(value);
      last = { value, selected: before && isEqual(before.selected, fresh) ? before.selected : fresh };
      return last.selected;
    };
    return [() => selectOf(readable.get()), () => selectOf(first)];
  }, [readable, first, select, isEqual]);
  const selected = useSyncExternalStore(subscribe, now, onServer);
  useEffect(() => {
    committed.current = { selected };
  }, [selected]);
  return selected;
}
