import { expect, it } from 'vitest';
import { createSSRApp, h } from 'vue';
import { renderToString } from 'vue/server-renderer';
import { createComposables } from '../../../src/vue/index.ts';
import { createTestbed } from '../../../testing/index.ts';
import { protocol } from '../../browser/client/support/protocol.ts';
import { FIRST_VALUES, tabThatSays } from './first-values.ts';

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
  const { client, said } = tabThatSays(bed);
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
  expect(html.replaceAll('&quot;', '"')).toBe(`<p>${JSON.stringify(FIRST_VALUES)} ${bed.now()}</p>`);
  await bed.advance(10_000);
  expect(said).toEqual([]);
  expect(bed.errors).toEqual([]);
});
