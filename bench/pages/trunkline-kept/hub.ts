import { savedState } from 'trunkline/saved-state';
import { startHub } from 'trunkline/worker';
import { keptProtocol } from '../common/protocol.ts';

// Of the largest state all of it is kept.
startHub(keptProtocol, { savedState, settings: { stateBytes: 256 * 1024 * 1024 } });
