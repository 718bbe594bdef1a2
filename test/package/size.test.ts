import { join } from 'node:path';
import { expect, inject, test } from 'vitest';
import { measureSizes } from '../../scripts/size/measure.ts';

const BUNDLERS = ['esbuild', 'Vite'];
const { installed } = inject('consumer');

test('the page, the hub, the service worker and the inspector do not outgrow their limits, whichever bundler minifies them', async () => {
  const sizes = await measureSizes(join(installed, 'dist'));
  expect(sizes.map(({ bundler }) => bundler)).toEqual([...BUNDLERS, ...BUNDLERS, ...BUNDLERS, ...BUNDLERS]);
  for (const { bytes } of sizes) expect(bytes).toBeGreaterThan(2_000);
  expect(sizes.filter(({ bytes, limitBytes }) => bytes > limitBytes)).toEqual([]);
});
