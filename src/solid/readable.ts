/** When what reads a value of the client's in Solid runs anew. */
import { type Accessor, createEffect, createMemo, createSignal, onCleanup } from 'solid-js';
import type { Readable } from '../index.ts';

/**
 * The value of a Readable, or of the one that an accessor gives now, which is followed for as long as the owner lives that
 * this is called under. On a server nothing is followed, and the value is the first one.
 */
export function useReadable<T>(given: Readable<T> | Accessor<Readable<T>>): Accessor<T> {
  const readable = createMemo(() => (typeof given === 'function' ? given() : given));
  const [told, tell] = createSignal(undefined, { equals: false });
  // Behind the rendering, and never on a server. What came before is told at once.
  createEffect(() => onCleanup(readable().subscribe(() => tell())));
  return createMemo(() => {
    told();
    return readable().get();
  });
}
