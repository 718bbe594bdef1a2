import { keptProtocol } from '../common/protocol.ts';
import { startTrunkline } from '../common/trunkline.ts';

// Without an extended lifetime: the next tab begins with what lies on the device.
startTrunkline(
  () => new SharedWorker(new URL('./hub.ts', import.meta.url), { type: 'module', name: 'trunkline' }),
  keptProtocol,
);
