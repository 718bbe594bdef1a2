import { startHub } from 'trunkline/worker';
import { protocol } from './protocol.ts';
import { QUICK } from './quick.ts';

/** On it the tests take the hub's voice away: it goes on working, and no tab hears of it any more. */
const channel = new BroadcastChannel('lab');
channel.onmessage = ({ data }) => {
  if (data !== 'mute') return;
  MessagePort.prototype.postMessage = () => {};
  channel.postMessage('muted');
};

startHub(protocol, { settings: QUICK });
