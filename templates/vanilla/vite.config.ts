import { trunkline } from 'trunkline/vite';
import { defineConfig } from 'vite';

const server = `ws://127.0.0.1:${process.env['PORT'] ?? 8080}`;

export default defineConfig({
  plugins: [trunkline()],
  // The pages' host passes on what is for the server, so that the client's `url` is a path.
  server: { proxy: { '/live': { target: server, ws: true } } },
  // Vite does not look into the worker ahead: found while a page runs, this would make it reload the page.
  optimizeDeps: { include: ['trunkline/saved-state'] },
});
