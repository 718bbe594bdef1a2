/** A hub that keeps nodes and gates on the device. */
import { savedState } from 'trunkline/saved-state';
import { startHub } from 'trunkline/worker';
import { keptProtocol } from './protocol.ts';
import { QUICK } from './quick.ts';

startHub(keptProtocol, { savedState, settings: { ...QUICK, stateSaveMs: 200, resyncAfterMs: 30_000 } });
