/** A worker cannot be ended from a page, so the console's own has a fuse: for the faults panel alone. */
const CHANNEL = 'trunkline-console-kill';

/** In the worker. It dies without a word, as it would by a crash. */
export function listenForKill(): void {
  new BroadcastChannel(CHANNEL).onmessage = () => self.close();
}

export function killWorker(): void {
  const channel = new BroadcastChannel(CHANNEL);
  channel.postMessage('kill');
  channel.close();
}
