import { expect, it } from 'vitest';
import { createSSRApp, h } from 'vue';
import { renderToString } from 'vue/server-renderer';
import { createComposables } from '../../../src/vue/index.ts';
import { createTestbed } from '../../../testing/index.ts';
import { protocol } from '../../browser/client/support/protocol.ts';

const {
  provideClient,
  useConnection,
  useEvent,
  useLatest,
  useNow,
  useOutbox,
  usePending,
  useSend,
  useStatus,
  useView,
} = createComposables(protocol);

it('gives the first values on a server, and follows nothing', async () => {
  await using bed = createTestbed(protocol, { commands: { approve: () => ({ ran: 1 }) } });
  await bed.server.emit('run', { type: 'node', id: 'a', state: 'done' });
  // A page's, which would start its hub for any listener, and say so.
  const said: string[] = [];
  const say = (line: string) => said.push(line);
  const { client } = bed.openTab({ log: { debug: say, warn: say } });
  const app = createSSRApp({
    setup() {
      useEvent('run', 'node', () => {});
      const values = [
        useConnection(),
        useStatus('run'),
        useOutbox(),
        usePending('approve', 'g'),
        useLatest('run', 'node'),
        useLatest('run', 'node', 'a'),
        useView('run', 0, (count) => count + 1),
        useSend('approve').pending,
      ];
      const now = useNow();
      return () => h('p', `${JSON.stringify(values.map(({ value }) => value ?? null))} ${now.value}`);
    },
  });
  provideClient(client, app);
  const html = await renderToString(app);
  const connection = { state: 'closed', reason: 'idle', attempt: 0, retryAt: null, circuit: 'closed' };
  const values = [connection, { state: 'idle' }, [], null, {}, null, 0, false];
  expect(html.replaceAll('&quot;', '"')).toBe(`<p>${JSON.stringify(values)} ${bed.now()}</p>`);
  await bed.advance(10_000);
  expect(said).toEqual([]);
  expect(bed.errors).toEqual([]);
});
