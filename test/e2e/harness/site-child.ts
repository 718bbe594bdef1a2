/** A site in a process of its own, to be killed. What it serves is in no HTTP cache: where it comes from later, a service worker has it. */
import { startSite } from './site.ts';

const [folder = '', port, socketPort] = process.argv.slice(2);
const site = await startSite(
  folder,
  () => Number(socketPort),
  { 'cache-control': 'no-store' },
  { port: Number(port), isKept: true },
);
process.on('message', () => process.send?.(site.violations));
process.send?.(site.origin);
