import { savedState } from 'trunkline/saved-state';
import { startHub } from 'trunkline/worker';
import type { BenchProtocol } from './protocol.ts';

/** The hub of those that differ in what they keep on the device, and in nothing else. */
export function startKeepingHub(spoken: BenchProtocol): void {
  // Of the largest state all of it is kept.
  startHub(spoken, { savedState, settings: { stateBytes: 256 * 1024 * 1024 } });
}
