/** This tab's side: one module for all others, so that every tab starts the worker with the same options. */
import { createClient } from 'trunkline';
import { protocol } from './protocol.ts';

export const client = createClient(protocol, {
  url: '/live',
  identity: 'anonymous',
  worker: () =>
    // The literals are what Vite looks for: leave them as they stand.
    'SharedWorker' in window
      ? new SharedWorker(new URL('./hub.ts', import.meta.url), {
          type: 'module',
          // While developing, a worker for each page, which ends with it: a running one keeps the code that it began with.
          name: import.meta.env.DEV ? `trunkline ${performance.timeOrigin}` : 'trunkline',
          extendedLifetime: !import.meta.env.DEV,
        })
      : // Some browsers for Android have none: then each page has a hub, and one of them the connection.
        new Worker(new URL('./hub.ts', import.meta.url), { type: 'module' }),
});
