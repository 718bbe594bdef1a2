import { recordFrames } from 'trunkline/inspector/hub';
import { savedState } from 'trunkline/saved-state';
import { startHub } from 'trunkline/worker';
import { KEPT_LINES, protocol } from '../engine/protocol.ts';
import { listenForKill } from './tools/kill-worker.ts';

recordFrames(protocol);
// The line is declared dead and tried again sooner than by default, so that a fault of a few seconds shows all of it.
startHub(protocol, {
  savedState,
  settings: {
    tailLimit: KEPT_LINES,
    heartbeatMs: 5_000,
    pongTimeoutMs: 3_000,
    backoffMaxMs: 4_000,
    breakerFailures: 5,
    breakerCoolDownMs: 8_000,
  },
});
listenForKill();
