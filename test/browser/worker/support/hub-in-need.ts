/** A hub that lacks something: what, is the worker's name. */
import { startHub } from '../../../../worker/index.ts';
import { protocol } from './protocol.ts';

if (self.name === 'locks') Object.defineProperty(navigator, 'locks', { value: undefined });
if (self.name === 'storage') Object.defineProperty(self, 'indexedDB', { value: undefined });
const commands = {
  get approve(): never {
    throw new Error('a fault in the hub itself');
  },
};
startHub(self.name === 'sense' ? { ...protocol, commands } : protocol);
