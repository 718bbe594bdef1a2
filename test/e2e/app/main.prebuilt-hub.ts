import { startPage } from './page.ts';

// esbuild leaves the URL as it is: the hub is an entry point of its own, and its built name stands here.
startPage(
  () =>
    new SharedWorker(new URL('./hub.js', import.meta.url), {
      type: 'module',
      name: 'trunkline',
      extendedLifetime: true,
    }),
);
