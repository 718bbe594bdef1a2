import { useEffect } from 'react';
import { useUnsentDecisions } from '../gates/gates.ts';

let isOff = false;

/** The browser asks before the page is left with unsent decisions. They are safe, but a person should know of them. */
export function useUnloadGuard(): void {
  const hasUnsent = useUnsentDecisions().length > 0;
  useEffect(() => {
    if (!hasUnsent) return;
    const ask = (event: BeforeUnloadEvent) => {
      if (!isOff) event.preventDefault();
    };
    addEventListener('beforeunload', ask);
    return () => removeEventListener('beforeunload', ask);
  }, [hasUnsent]);
}

export function reloadUnasked(): void {
  isOff = true;
  location.reload();
}

export function leaveUnasked(href: string): void {
  isOff = true;
  location.assign(href);
}
