/** The worker that all tabs share. What it imports decides when its built file changes its name: keep it small. */
import { savedState } from 'trunkline/saved-state';
import { startHub } from 'trunkline/worker';
import { protocol } from './protocol.ts';

startHub(protocol, { savedState });
