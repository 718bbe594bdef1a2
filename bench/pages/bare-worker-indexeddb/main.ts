import type { Durability } from '../../shared/contract.ts';
import { start } from '../common/start.ts';

const { port } = new SharedWorker(new URL('./hub.ts', import.meta.url), { type: 'module', name: 'bare' });

const ask = (count: number, durability: Durability) =>
  new Promise<void>((answered) => {
    port.onmessage = () => answered();
    port.postMessage({ count, durability });
  });

start({
  connect: async () => {},
  isOpen: () => false,
  commands: { queue: ask, clear: () => ask(0, 'relaxed') },
});
