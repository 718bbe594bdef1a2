import { useMemo, useSyncExternalStore } from 'react';

/** What the page shows. It lives in the address, so that a reload and a shared link show the same. */
export interface Route {
  readonly runId: string | null;
  readonly nodeId: string | null;
}

export function useRoute(): Route {
  const hash = useSyncExternalStore(subscribe, () => location.hash);
  return useMemo(() => parseRoute(hash), [hash]);
}

export function goTo({ runId, nodeId = null }: { runId: string | null; nodeId?: string | null }): void {
  const hash = hrefOf(runId, nodeId);
  if (hash !== location.hash) location.hash = hash;
}

export function hrefOf(runId: string | null, nodeId: string | null = null): string {
  const parts = [runId, nodeId].filter((part) => part !== null).map(encodeURIComponent);
  return `#/${parts.join('/')}`;
}

function parseRoute(hash: string): Route {
  const [runId = null, nodeId = null] = hash
    .replace(/^#\/?/, '')
    .split('/')
    .filter((part) => part !== '')
    .map(decodeOrKeep);
  return { runId, nodeId };
}

/** A person may have typed the address. */
function decodeOrKeep(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

function subscribe(changed: () => void): () => void {
  addEventListener('hashchange', changed);
  return () => removeEventListener('hashchange', changed);
}
