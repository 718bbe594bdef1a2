import { type Client, createClient, type TrunklineError } from 'trunkline';
import { createHooks } from 'trunkline/react';
import { type ConsoleProtocol, protocol } from '../engine/protocol.ts';

export type Trunk = Client<ConsoleProtocol>;

export const {
  Provider,
  useClient,
  useConnection,
  useEvent,
  useLatest,
  useNow,
  useOutbox,
  usePending,
  useSend,
  useView,
} = createHooks(protocol);

/** This tab's side. Nothing is connected before something on the page needs it. */
export function createTrunk(name: string, onError: (error: TrunklineError) => void): Trunk {
  // This server knows people by the name they choose, so the name is its token as well.
  return createClient(protocol, {
    url: '/ws',
    identity: name,
    token: () => name,
    worker: startWorker,
    background: true,
    onError,
  });
}

/** Each literal is written out, for the bundler to find. */
function startWorker(): SharedWorker | Worker {
  if (typeof SharedWorker === 'undefined') {
    return new Worker(new URL('./hub.ts', import.meta.url), { type: 'module' });
  }
  return new SharedWorker(new URL('./hub.ts', import.meta.url), {
    type: 'module',
    name: 'trunkline',
    extendedLifetime: true,
  });
}
