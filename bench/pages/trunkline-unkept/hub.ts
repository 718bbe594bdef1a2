import { startKeepingHub } from '../common/keeping-hub.ts';
import { protocol } from '../common/protocol.ts';

startKeepingHub(protocol);
