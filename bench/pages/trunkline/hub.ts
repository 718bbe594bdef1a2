import { startHub } from 'trunkline/worker';
import { protocol } from '../common/protocol.ts';

startHub(protocol);
