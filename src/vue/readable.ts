/** When a component of Vue renders anew for a value of the client's. */
import {
  type ComputedRef,
  computed,
  type MaybeRefOrGetter,
  shallowRef,
  toValue,
  triggerRef,
  watchPostEffect,
} from 'vue';
import type { Readable } from '../index.ts';

/**
 * The value of a Readable, which is followed for as long as the scope lives that this is called in: a component, an
 * `effectScope`, a store. Of a ref or getter, it is the value of the one that this gives now. On a server nothing is followed,
 * and the value is the first one.
 */
export function useReadable<T>(readable: MaybeRefOrGetter<Readable<T>>): ComputedRef<T> {
  const source = computed(() => toValue(readable));
  const told = shallowRef();
  // Behind the rendering, and never on a server. What came before is told at once.
  watchPostEffect((onCleanup) => onCleanup(source.value.subscribe(() => triggerRef(told))));
  return computed(() => {
    told.value;
    return source.value.get();
  });
}
