import { startHub } from '../../../../worker/index.ts';
import { protocol } from './protocol.ts';

// As in a page without https.
Object.defineProperty(navigator, 'locks', { value: undefined });
startHub(protocol);
