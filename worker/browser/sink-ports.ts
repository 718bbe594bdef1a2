/** How the port behind a tab's sink is closed. */
import * as Comlink from 'comlink';

const ports = new WeakMap<object, MessagePort>();

/**
 * Remembers the port behind each proxy that a tab hands over, so that a sink can be ended by closing its port. Comlink's
 * own `releaseProxy` posts a message, which may evict a page from the back/forward cache, and closes the port only when
 * the page replies, which a dead one never does. After `close` its finalizer posts into nothing.
 */
export function rememberPorts(): void {
  const handler = Comlink.transferHandlers.get('proxy');
  if (!handler) return;
  Comlink.transferHandlers.set('proxy', {
    ...handler,
    deserialize(port: MessagePort) {
      const proxy = handler.deserialize(port) as object;
      ports.set(proxy, port);
      return proxy;
    },
  });
}

export function closePort(sink: object): void {
  ports.get(sink)?.close();
}
