import { join } from 'node:path';
import * as esbuild from 'esbuild';
import { buildWithVite } from '../../package/support/bundlers.ts';
import { createConsumer, removeConsumer } from '../../package/support/consumer.ts';

/** Packs the package, installs it into an application and builds that with Vite, once for all tests. */
export default async function setup(): Promise<() => void> {
  const consumer = createConsumer();
  const pages = await buildWithVite(consumer);
  process.env['TRUNKLINE_E2E_PAGES'] = pages;
  await esbuild.build({
    entryPoints: [join(consumer.app, 'service-worker.ts')],
    outdir: pages,
    bundle: true,
  });
  process.env['TRUNKLINE_E2E_LAB'] = await buildWithVite({
    app: join(consumer.app, 'lab'),
    folder: join(consumer.folder, 'lab'),
  });
  process.env['TRUNKLINE_E2E_APP'] = consumer.app;
  return () => removeConsumer(consumer);
}
