import { createClient } from 'trunkline';
import { makeCommand } from '../../shared/events.ts';
import { type BenchProtocol, protocol } from './protocol.ts';
import { start } from './start.ts';

interface Ways {
  readonly spoken?: BenchProtocol;
  /** Listeners (`on`) are given nothing of a state that was kept on the device; who reads the state is. */
  readonly reads?: 'events' | 'state and events';
}

/** Makes a page of trunkline, with a hub of its own settings. */
export function startTrunkline(
  worker: () => SharedWorker,
  { spoken = protocol, reads = 'events' }: Ways = {},
): void {
  const create = (url: string) => createClient(spoken, { url, identity: 'bench', worker });
  let client: ReturnType<typeof create> | null = null;
  const connected = () => {
    if (!client) throw new Error('connect first');
    return client;
  };

  start({
    async connect(url, { events }) {
      client = create(url);
      client.connection.subscribe(() => {});
      const topic = client.topic('feed');
      if (reads === 'events')
        topic.on(['tick', 'reading', 'gone'], (event) => events([event]), { replay: 'state' });
      else
        topic.subscribe({
          snapshot: (state) => events(state.map(({ event }) => event)),
          events: (items) => events(items.map(({ event }) => event)),
        });
      await new Promise<void>((known) => {
        topic.status.subscribe(({ state }) => {
          if (state === 'live' || state === 'stale') known();
        });
      });
    },
    isOpen: () => connected().connection.get().state === 'open',
    backoffBoundMs() {
      const connection = connected().connection.get();
      const attempt = 'attempt' in connection ? connection.attempt : 0;
      return Math.min(1_000 * 2 ** Math.max(0, attempt - 1), 30_000);
    },
    async hub() {
      const { tabs, topics, savedState } = await connected().inspect();
      const [feed] = topics;
      const isKept = (savedState?.topics.length ?? 0) > 0;
      return { tabs: tabs.length, keys: feed?.keys ?? 0, queued: feed?.queued ?? 0, isKept };
    },
    commands: {
      async queue(count, durability) {
        const type = durability === 'strict' ? 'decision' : 'note';
        const receipts = await Promise.all(
          Array.from({ length: count }, (_, index) => {
            const { n, text } = makeCommand(index + 1);
            return connected().send(type, { n, text });
          }),
        );
        if (!receipts.every(({ durable }) => durable)) throw new Error('a command was not stored');
      },
      untilSent: () =>
        new Promise((sent) => {
          const end = connected().outbox.subscribe((entries) => {
            if (entries.length > 0) return;
            sent();
            queueMicrotask(() => end());
          });
        }),
      async clear() {
        const { outbox } = connected();
        await Promise.all(outbox.get().map(({ id }) => outbox.cancel(id)));
      },
    },
  });
}
