import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vite';

const server = `ws://127.0.0.1:${process.env['PORT'] ?? 8080}`;

export default defineConfig({
  plugins: [svelte()],
  // The pages' host passes on what is for the server, so that the client's `url` is a path.
  server: { proxy: { '/live': { target: server, ws: true } } },
  // Vite does not look into the worker before it runs: found then, these would make it reload the page.
  optimizeDeps: { include: ['trunkline/saved-state', 'trunkline/worker'] },
});
