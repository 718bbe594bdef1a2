import { useConnection } from '../trunk.ts';

/** What a button says whose command is on its way: without a line, it waits in the outbox. */
export function useAskedWords(): string {
  return useConnection().state === 'open' ? 'Asked for …' : 'Queued …';
}
