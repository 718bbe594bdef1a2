/** The last known state in a browser: its logic, and its rows in IndexedDB. */
import { KeptStates } from '../core/saved-state/kept-states.ts';
import type { SavedStateSupport } from '../core/saved-states.ts';
import { StoreLine } from '../shell/state-line.ts';
import { IdbStateStore } from './store/idb-state-store.ts';

/** Keeps what `persist: true` names on the device: for `startHub(protocol, { savedState })`. */
export const savedState: SavedStateSupport = {
  createStates: (context, owner) => new KeptStates(context, owner),
  createLine: (options, answered) => new StoreLine(new IdbStateStore(options), answered),
};
