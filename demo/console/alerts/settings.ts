import { useMemo, useSyncExternalStore } from 'react';

/** How a person wants to be told of a gate that begins to wait. */
export type Alert = 'notification' | 'sound';
const ALERTS: readonly Alert[] = ['notification', 'sound'];

/** Where storage is refused, this tab alone knows it. */
const known = new Map<string, string>();
const listeners = new Set<() => void>();

/** What a person has turned on in this browser, in all of its tabs: nothing at first. */
export function useAlertSettings(name: string): ReadonlySet<Alert> {
  const words = useSyncExternalStore(subscribe, () => read(name));
  return useMemo(() => parse(words), [words]);
}

export function alertSettings(name: string): ReadonlySet<Alert> {
  return parse(read(name));
}

export function setAlert(name: string, alert: Alert, isOn: boolean): void {
  const others = ALERTS.filter((other) => other !== alert && alertSettings(name).has(other));
  const words = [...others, ...(isOn ? [alert] : [])].join(' ');
  known.set(name, words);
  try {
    localStorage.setItem(keyOf(name), words);
  } catch {
    // This tab still knows it.
  }
  for (const listener of [...listeners]) listener();
}

const keyOf = (name: string) => `trunkline-console:alerts:${name}`;

function read(name: string): string {
  try {
    return localStorage.getItem(keyOf(name)) ?? '';
  } catch {
    return known.get(name) ?? '';
  }
}

function parse(words: string): ReadonlySet<Alert> {
  return new Set(ALERTS.filter((alert) => words.split(' ').includes(alert)));
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  addEventListener('storage', listener);
  return () => {
    listeners.delete(listener);
    removeEventListener('storage', listener);
  };
}
