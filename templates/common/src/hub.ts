/** The worker that all tabs share. What it imports decides when its built file changes its name: keep it small. */
import { savedState } from 'trunkline/saved-state';
import { startHub } from 'trunkline/worker';
import { protocol } from './protocol.ts';

// While developing, the hub of the newest page works for all tabs, so that a reload runs the newest code.
startHub(protocol, { savedState, settings: { newestOwns: import.meta.env.DEV } });
