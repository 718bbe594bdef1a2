/** The composables in real components, with a real hub and a real server. */
import { beforeEach, expect, it, onTestFinished } from 'vitest';
import { type Component, createApp, createSSRApp, effectScope, h, nextTick, type Ref, ref } from 'vue';
import { renderToString } from 'vue/server-renderer';
import { createComposables, useReadable } from '../../../src/vue/index.ts';
import { type Followed, follow } from '../client/support/followed.ts';
import { protocol } from '../client/support/protocol.ts';

const {
  provideClient,
  useClient,
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

let followed: Followed;
beforeEach(async () => {
  followed = await follow();
});

function mount(root: Component): { host: HTMLElement; unmount(): void } {
  const host = document.createElement('div');
  document.body.append(host);
  const app = createApp(root);
  provideClient(followed.client, app);
  app.mount(host);
  onTestFinished(() => host.remove());
  return { host, unmount: () => app.unmount() };
}
/** A component that renders one text. */
const shows = (setup: () => () => string): Component => ({
  setup() {
    const text = setup();
    return () => h('p', text());
  },
});

it('renders a component on its own key alone', async () => {
  const { publish, asked, isOpen } = followed;
  const renders: string[] = [];
  const node = (id: string) =>
    shows(() => {
      const latest = useLatest('run', 'node', id);
      return () => {
        renders.push(`${id}:${latest.value?.state}`);
        return `${latest.value?.state}`;
      };
    });
  mount({ render: () => [h(node('a')), h(node('b'))] });
  await expect.poll(asked).toEqual(['run']);
  await isOpen();
  publish('a', 'running');
  await expect.poll(() => renders).toEqual(['a:undefined', 'b:undefined', 'a:running']);
  publish('b', 'done');
  await expect.poll(() => renders.slice(3)).toEqual(['b:done']);
});

it('follows the topic and key that refs give now, and never shows one for another', async () => {
  const { publish, asked, left, isOpen } = followed;
  const [topic, key] = [ref('run'), ref('a')];
  const renders: string[] = [];
  const { host } = mount(
    shows(() => {
      const node = useLatest(topic, 'node', () => key.value);
      return () => {
        const text = `${topic.value} ${key.value} ${node.value?.state}`;
        renders.push(text);
        return text;
      };
    }),
  );
  await isOpen();
  publish('a', 'running');
  publish('b', 'waiting');
  publish('b', 'other', 'run:2');
  await expect.poll(() => host.textContent).toBe('run a running');
  key.value = 'b';
  await nextTick();
  expect(host.textContent).toBe('run b waiting');
  expect(asked()).toEqual(['run']);
  topic.value = 'run:2';
  await nextTick();
  expect(host.textContent).toBe('run:2 b undefined');
  await expect.poll(() => host.textContent).toBe('run:2 b other');
  await expect.poll(left, { timeout: 15_000 }).toEqual(['run']);
  publish('b', 'late');
  publish('b', 'newer', 'run:2');
  await expect.poll(() => host.textContent).toBe('run:2 b newer');
  expect(renders).toEqual([
    'run a undefined',
    'run a running',
    'run b waiting',
    'run:2 b undefined',
    'run:2 b other',
    'run:2 b newer',
  ]);
});

it('gives the map of all keys, a folded view, and how the topic stands', async () => {
  const { publish, isOpen } = followed;
  const { host } = mount(
    shows(() => {
      const nodes = useLatest('run', ['node']);
      const done = useView('run', [] as string[], (ids, e) =>
        e.type === 'node' && e.state === 'done' ? [...ids, e.id] : ids,
      );
      const status = useStatus('run');
      return () => `${nodes.value.size} nodes, done: ${done.value.join()}, ${status.value.state}`;
    }),
  );
  await isOpen();
  publish('a', 'done');
  publish('b', 'running');
  await expect.poll(() => host.textContent).toBe('2 nodes, done: a, live');
});

it('calls a listener with each event once, of the topic that a ref gives now', async () => {
  const { publish, isOpen, asked, left } = followed;
  const topic = ref('run');
  const heard: string[] = [];
  const { unmount } = mount(
    shows(() => {
      useEvent(topic, 'node', ({ id }, meta) => heard.push(`${meta.topic} ${id}`));
      return () => '';
    }),
  );
  await isOpen();
  publish('a', 'done');
  await expect.poll(() => heard).toEqual(['run a']);
  topic.value = 'run:2';
  await expect.poll(asked).toEqual(['run', 'run:2']);
  publish('b', 'done');
  publish('c', 'done', 'run:2');
  await expect.poll(() => heard).toEqual(['run a', 'run:2 c']);
  unmount();
  await expect.poll(left).toEqual(['run', 'run:2']);
});

it('sends, tells that it is under way, and shows the outbox and what is pending', async () => {
  const states: string[] = [];
  let send: ReturnType<typeof useSend<'approve'>>['send'] | undefined;
  mount(
    shows(() => {
      const { pending, error, ...sender } = useSend('approve');
      send = sender.send;
      const [outbox, waiting] = [useOutbox(), usePending('approve', 'g')];
      return () => {
        const text = `${pending.value} ${error.value?.message ?? ''} ${outbox.value.length} ${waiting.value !== undefined}`;
        states.push(text);
        return text;
      };
    }),
  );
  expect(states).toEqual(['false  0 false']);
  await send?.({ gate: 'g' });
  await expect.poll(() => states.at(-1)).toBe('false  0 false');
  expect(states).toContain('true  0 false');
  // A gate that is no text: what a form without types might give.
  await expect(send?.({ gate: 7 as unknown as string })).rejects.toMatchObject({ code: 'invalid_command' });
  await expect.poll(() => states.at(-1)).toMatch(/^false .*gate/);
});

it('lets the topic go when its last component has gone, also in a scope of its own', async () => {
  const { client, left, isOpen } = followed;
  const scope = effectScope();
  const nodes = scope.run(() => useReadable(client.topic('scoped').latest('node')));
  const { unmount } = mount(
    shows(() => {
      const node = useLatest('run', 'node', 'a');
      return () => `${node.value?.state}`;
    }),
  );
  await isOpen();
  unmount();
  await expect.poll(left, { timeout: 15_000 }).toEqual(['run']);
  followed.publish('a', 'running', 'scoped');
  await expect.poll(() => nodes?.value.size).toBe(1);
  scope.stop();
  await expect.poll(left, { timeout: 15_000 }).toEqual(['run', 'scoped']);
});

it("hydrates what a server has rendered without a mismatch, and reads the server's clock again and again", async () => {
  const { client, publish, isOpen } = followed;
  let now: Ref<number> | undefined;
  const App = shows(() => {
    now = useNow(10);
    const [connection, nodes, outbox] = [useConnection(), useLatest('run', 'node'), useOutbox()];
    return () => `${connection.value.state} ${nodes.value.size} ${outbox.value.length}`;
  });
  const make = () => {
    const app = createSSRApp(App);
    provideClient(client, app);
    app.config.warnHandler = (warning) => warnings.push(warning);
    return app;
  };
  const warnings: string[] = [];
  const host = document.createElement('div');
  host.innerHTML = await renderToString(make());
  expect(host.textContent).toBe('closed 0 0');
  expect(followed.room.seen).toEqual([]);
  document.body.append(host);
  const app = make();
  app.mount(host);
  onTestFinished(() => {
    app.unmount();
    host.remove();
  });
  await isOpen();
  publish('a', 'running');
  await expect.poll(() => host.textContent).toBe('open 1 0');
  expect(warnings).toEqual([]);
  const first = now?.value ?? Infinity;
  await expect.poll(() => now?.value).toBeGreaterThan(first);
});

it('says what is missing where no client was provided', () => {
  const app = createApp(shows(() => String.bind(null, useClient())));
  app.config.warnHandler = () => {};
  expect(() => app.mount(document.createElement('div'))).toThrow(/provideClient\(client\)/);
});
