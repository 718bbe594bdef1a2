import { startTrunkline } from '../common/trunkline.ts';

startTrunkline(
  () =>
    new SharedWorker(new URL('./hub.ts', import.meta.url), {
      type: 'module',
      name: 'trunkline',
      extendedLifetime: true,
    }),
);
