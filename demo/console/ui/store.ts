/** A value that components show by `useSyncExternalStore`: `subscribe` and `get` as that takes them. */
export interface Store<T> {
  get(): T;
  subscribe(listener: () => void): () => void;
  set(value: T): void;
}

export function createStore<T>(first: T): Store<T> {
  let value = first;
  const listeners = new Set<() => void>();
  return {
    get: () => value,
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    set(next) {
      value = next;
      for (const listener of [...listeners]) listener();
    },
  };
}
