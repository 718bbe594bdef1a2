import { startKeepingHub } from '../common/keeping-hub.ts';
import { keptProtocol } from '../common/protocol.ts';

startKeepingHub(keptProtocol);
