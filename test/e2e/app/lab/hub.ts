import { startHub } from 'trunkline/worker';
import { protocol } from './protocol.ts';

/** On it the tests take the hub's voice away: it goes on working, and no tab hears of it any more. */
const channel = new BroadcastChannel('lab');
channel.onmessage = ({ data }) => {
  if (data !== 'mute') return;
  MessagePort.prototype.postMessage = () => {};
  channel.postMessage('muted');
};

// Quick, so that a test can wait for what takes minutes otherwise.
startHub(protocol, {
  settings: {
    connectTimeoutMs: 1_000,
    backoffBaseMs: 50,
    backoffMaxMs: 200,
    breakerFailures: 1_000,
    stableAfterMs: 1_000,
    resyncAfterMs: 1_500,
    lingerMs: 500,
  },
});
