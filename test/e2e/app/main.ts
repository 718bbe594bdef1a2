import { startPage } from './page.ts';

startPage(
  () =>
    new SharedWorker(new URL('./hub.ts', import.meta.url), {
      type: 'module',
      name: 'trunkline',
      extendedLifetime: true,
    }),
);
