import { startHub } from '../../../../worker/index.ts';
import { protocol } from './protocol.ts';

startHub(protocol, { settings: { backoffBaseMs: 20, backoffMaxMs: 50, lingerMs: 200 } });
