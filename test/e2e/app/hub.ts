import { startHub } from 'trunkline/worker';
import { protocol } from './protocol.ts';

startHub(protocol);
