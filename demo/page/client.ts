import { type Client, createClient } from 'trunkline';
import { type DemoProtocol, protocol } from '../protocol.ts';

export type DemoClient = Client<DemoProtocol>;

export const createDemoClient = (): DemoClient =>
  createClient(protocol, {
    url: '/ws',
    identity: 'visitor',
    worker: () =>
      new SharedWorker(new URL('../hub.ts', import.meta.url), { type: 'module', name: 'trunkline' }),
  });
