import { startHub } from 'trunkline/worker';
import { protocol } from '../common/protocol.ts';

// Nothing may fall off where all of more than a tab takes at once is to be delivered.
startHub(protocol, { settings: { floodBuffer: 100_000 } });
