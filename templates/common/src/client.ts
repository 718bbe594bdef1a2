/** This tab's side: one module for all others, so that every tab starts the worker with the same options. */
import { createClient } from 'trunkline';
import { protocol } from './protocol.ts';

export const client = createClient(protocol, {
  url: '/live',
  identity: 'anonymous',
  worker: () =>
    'SharedWorker' in window
      ? new SharedWorker(new URL('./hub.ts', import.meta.url), {
          type: 'module',
          name: 'trunkline',
          extendedLifetime: true,
        })
      : // Some browsers for Android have none: then each page has a hub, and one of them the connection.
        new Worker(new URL('./hub.ts', import.meta.url), { type: 'module' }),
});
