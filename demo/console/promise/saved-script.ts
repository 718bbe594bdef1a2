import type { Script } from './script.ts';

const KEY = 'trunkline-console:promise';

/** Kept for this tab alone. */
export function saveScript(script: Script | null): void {
  try {
    if (script === null) sessionStorage.removeItem(KEY);
    else sessionStorage.setItem(KEY, JSON.stringify(script));
  } catch {
    // Without storage the scenario ends with the reload.
  }
}

/** What this tab was playing when it was reloaded. A start is not resumed: nobody knows whether the run was begun. */
export function savedScript(): Script | null {
  try {
    const saved: Script | null = JSON.parse(sessionStorage.getItem(KEY) ?? 'null');
    return saved?.stage === 'start' ? null : saved;
  } catch {
    return null;
  }
}
