import { join } from 'node:path';
import { expect, inject, test } from 'vitest';
import { measureSizes } from '../../scripts/size/measure.ts';

const { installed } = inject('consumer');

test('the page and the hub do not outgrow their limits, whichever bundler minifies them', async () => {
  const sizes = await measureSizes(join(installed, 'dist'));
  expect(sizes.map(({ bundler }) => bundler)).toEqual(['esbuild', 'Vite', 'esbuild', 'Vite']);
  for (const { bytes } of sizes) expect(bytes).toBeGreaterThan(2_000);
  expect(sizes.filter(({ bytes, limitBytes }) => bytes > limitBytes)).toEqual([]);
});
