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
    // Chromium lets a handshake wait up to 5 s after some that failed: a shorter limit would end each before it began.
    connectTimeoutMs: 6_000,
    backoffBaseMs: 50,
    backoffMaxMs: 200,
    breakerFailures: 1_000,
    stableAfterMs: 1_000,
    resyncAfterMs: 1_500,
    lingerMs: 500,
  },
});
