import { startHub } from 'trunkline/worker';
import { protocol } from './protocol.ts';

// The circuit breaker opens and probes sooner than by default, so that a line cut for 15 s shows it at work.
startHub(protocol, {
  settings: { backoffMaxMs: 3_000, breakerFailures: 5, breakerCoolDownMs: 5_000 },
});
