/** Hands over together what came before the next turn of the event loop, as whoever shares a socket by hand would. */
export function createBatcher<T>(send: (batch: readonly T[]) => void): (item: T) => void {
  const { port1, port2 } = new MessageChannel();
  let batch: T[] = [];
  port1.onmessage = () => {
    const full = batch;
    batch = [];
    send(full);
  };
  return (item) => {
    if (batch.push(item) === 1) port2.postMessage(null);
  };
}
