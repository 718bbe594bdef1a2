import type { BenchProtocol } from './protocol.ts';
import { startTrunkline } from './trunkline.ts';

/**
 * The page of those that differ in what they keep on the device, and in nothing else.
 *
 * @param worker Without an extended lifetime: the next tab begins with what lies on the device.
 */
export function startKeepingPage(worker: () => SharedWorker, spoken: BenchProtocol): void {
  startTrunkline(worker, { spoken, reads: 'state and events' });
}
