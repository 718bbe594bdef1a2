import { createCollection, localOnlyCollectionOptions } from '@tanstack/db';
import { startOfflineExecutor } from '@tanstack/offline-transactions';
import type { AckMessage, BenchCommand, BenchEvent, StateMessage } from '../../shared/events.ts';
import { makeCommand } from '../../shared/events.ts';
import { readSocket } from '../common/json-socket.ts';
import { openPartySocket } from '../common/party.ts';
import { start } from '../common/start.ts';
import { SocketDetector } from './detector.ts';
import { WatchedStorage } from './watched-storage.ts';

const commands = createCollection(
  localOnlyCollectionOptions({ id: 'commands', getKey: ({ id }: BenchCommand) => id }),
);
const storage = new WatchedStorage();
const acknowledged = new Map<string, () => void>();
let socket: ReturnType<typeof openPartySocket> | null = null;
let executor: ReturnType<typeof startOfflineExecutor> | null = null;

function send(command: unknown, id: string): Promise<void> {
  return new Promise((resolve) => {
    acknowledged.set(id, resolve);
    socket?.send(JSON.stringify(command));
  });
}

start({
  async connect(url, { events }) {
    socket = openPartySocket(url);
    socket.addEventListener('message', ({ data }) => {
      const message: AckMessage | BenchEvent | StateMessage = JSON.parse(String(data));
      if (message.type === 'ack') acknowledged.get(message.id)?.();
    });
    await readSocket(socket, events);
    executor = startOfflineExecutor({
      collections: { commands },
      storage,
      onlineDetector: new SocketDetector(socket),
      mutationFns: {
        send: async ({ transaction }) => {
          for (const { modified } of transaction.mutations) await send(modified, String(modified['id']));
        },
      },
    });
    await executor.waitForInit();
  },
  isOpen: () => socket?.readyState === WebSocket.OPEN,
  commands: {
    async queue(count) {
      const stored = storage.untilStored(count);
      for (let n = 1; n <= count; n++) {
        const command = makeCommand(n);
        executor
          ?.createOfflineTransaction({ mutationFnName: 'send', autoCommit: true })
          .mutate(() => commands.insert(command));
      }
      await stored;
    },
    async clear() {
      await executor?.clearOutbox();
    },
  },
});
