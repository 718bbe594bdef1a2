import { useCallback, useSyncExternalStore } from 'react';

const HIGHLIGHT_MS = 12_000;

const listeners = new Map<string, Set<() => void>>();
const timers = new Map<string, ReturnType<typeof setTimeout>>();

/** Marks a node for a while. Each node listens for itself alone. */
export function highlight(runId: string, nodeId: string): void {
  const key = keyOf(runId, nodeId);
  clearTimeout(timers.get(key));
  timers.set(
    key,
    setTimeout(() => {
      timers.delete(key);
      tell(key);
    }, HIGHLIGHT_MS),
  );
  tell(key);
}

export function useIsHighlighted(runId: string, nodeId: string): boolean {
  const key = keyOf(runId, nodeId);
  const subscribe = useCallback((changed: () => void) => listen(key, changed), [key]);
  return useSyncExternalStore(subscribe, () => timers.has(key));
}

const keyOf = (runId: string, nodeId: string) => JSON.stringify([runId, nodeId]);

function tell(key: string): void {
  for (const listener of [...(listeners.get(key) ?? [])]) listener();
}

function listen(key: string, listener: () => void): () => void {
  const own = listeners.get(key) ?? new Set();
  listeners.set(key, own.add(listener));
  return () => {
    own.delete(listener);
    if (own.size === 0) listeners.delete(key);
  };
}
