import type { Plugin } from 'vite';
import { checkWorkers } from './check-workers.ts';
import { renewWorkers } from './renew-workers.ts';

/**
 * The plugin for Vite 7 and 8: `plugins: [trunkline()]` in `vite.config.ts`. Those for components of Vue or Svelte come before
 * it, where a component creates the client.
 *
 * It refuses, in `vite build` and in the development server, to go on where a module names the hub's script in a form of which
 * Vite makes no worker, or another one than was asked for. A script is a hub's if it, or what it imports, imports `trunkline/worker`;
 * other workers are none of its business. What has `@vite-ignore` in it is let pass.
 *
 * In the development server alone, a page has a worker of its own, which ends with it, the newest hub owns, and a page is reloaded
 * when what its hub is made of changes. What is built is the same, to the byte, as without the plugin.
 */
export function trunkline(): Plugin[] {
  return [checkWorkers(), renewWorkers()];
}
