/** A site in a process of its own, to be killed. */
import { startSite } from './site.ts';

const [folder = '', port, socketPort] = process.argv.slice(2);
const site = await startSite(folder, () => Number(socketPort), {}, { port: Number(port), isKept: true });
process.on('message', () => process.send?.(site.violations));
process.send?.(site.origin);
