import { createComponent } from 'solid-js';
import { isServer, renderToString } from 'solid-js/web';
import { expect, it } from 'vitest';
import { createPrimitives } from '../../../src/solid/index.ts';
import { createTestbed } from '../../../testing/index.ts';
import { protocol } from '../../browser/client/support/protocol.ts';
import { FIRST_VALUES, tabThatSays } from './first-values.ts';

const {
  Provider,
  useConnection,
  useEvent,
  useLatest,
  useNow,
  useOutbox,
  usePending,
  useSend,
  useStatus,
  useView,
} = createPrimitives(protocol);

it('gives the first values on a server, and follows nothing', async () => {
  expect(isServer).toBe(true);
  await using bed = createTestbed(protocol, { commands: { approve: () => ({ ran: 1 }) } });
  await bed.server.emit('run', { type: 'node', id: 'a', state: 'done' });
  const { client, said } = tabThatSays(bed);
  const Values = () => {
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
    return `${JSON.stringify(values.map((value) => value() ?? null))} ${now()}`;
  };
  const html = renderToString(() =>
    createComponent(Provider, {
      client,
      get children() {
        return createComponent(Values, {});
      },
    }),
  );
  expect(html).toBe(`${JSON.stringify(FIRST_VALUES)} ${bed.now()}`);
  await bed.advance(10_000);
  expect(said).toEqual([]);
  expect(bed.errors).toEqual([]);
});
