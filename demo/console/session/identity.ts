import { useSyncExternalStore } from 'react';

const KEY = 'trunkline-console:name';
const listeners = new Set<() => void>();

/** Who uses this browser: one name for all of its tabs. Where storage is refused, each tab asks for itself. */
let name = read();

export function useIdentity(): string | null {
  return useSyncExternalStore(subscribe, () => name);
}

/** `null`: nobody. */
export function setIdentity(next: string | null): void {
  if (next === name) return;
  try {
    if (next === null) localStorage.removeItem(KEY);
    else localStorage.setItem(KEY, next);
  } catch {
    // This tab still knows it.
  }
  change(next);
}

function read(): string | null {
  try {
    return localStorage.getItem(KEY);
  } catch {
    return null;
  }
}

function change(next: string | null): void {
  name = next;
  for (const listener of [...listeners]) listener();
}

function subscribe(listener: () => void): () => void {
  if (listeners.size === 0) addEventListener('storage', follow);
  listeners.add(listener);
  return () => {
    listeners.delete(listener);
    if (listeners.size === 0) removeEventListener('storage', follow);
  };
}

/** Another tab signed in or out. */
function follow({ key }: StorageEvent): void {
  if (key === KEY || key === null) change(read());
}
