import { startHub } from 'trunkline/worker';
import { protocol } from '../common/protocol.ts';

// No event waits for the next frame of a screen.
startHub(protocol, { settings: { floodEventsPerSecond: 2_000 } });
