import { useEffect, useState } from 'react';

/** Says that a newer build of the console is installed: its service worker waits for the pages of this one. */
export function NewerBuild() {
  const [isThere, setIsThere] = useState(false);
  useEffect(() => {
    const over = new AbortController();
    follow(over.signal, () => setIsThere(true));
    return () => over.abort();
  }, []);
  return (
    <p className="newer-build" role="status">
      {isThere && 'A newer console is ready. It comes when all tabs of this one are closed.'}
    </p>
  );
}

async function follow(signal: AbortSignal, found: () => void): Promise<void> {
  // Where there is none, this never comes. An insecure page has no service workers at all.
  const serviceWorkers = navigator.serviceWorker as ServiceWorkerContainer | undefined;
  const registration = await serviceWorkers?.ready;
  if (!registration) return;
  const look = () => {
    if (registration.waiting && !signal.aborted) found();
  };
  look();
  const watch = () => registration.installing?.addEventListener('statechange', look, { signal });
  watch();
  registration.addEventListener('updatefound', watch, { signal });
}
