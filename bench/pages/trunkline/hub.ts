import { startHub } from 'trunkline/worker';
import { protocol } from '../common/protocol.ts';

// Nothing may fall off in the burst, which is about delivering all of it.
startHub(protocol, { settings: { floodBuffer: 100_000 } });
