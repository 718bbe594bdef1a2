import { startHub } from 'trunkline/worker';
import { PageSocket } from './page-socket.ts';
import { protocol } from './protocol.ts';

// All that is not as in any other application: the server is in a page, and that is no place which a WebSocket can go to.
Object.assign(globalThis, { WebSocket: PageSocket });

startHub(protocol);
