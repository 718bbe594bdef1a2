/** The primitives in real components, with a real hub and a real server. */
import {
  type Accessor,
  createComponent,
  createRenderEffect,
  createRoot,
  createSignal,
  from,
  type JSX,
} from 'solid-js';
import { render } from 'solid-js/web';
import { beforeEach, expect, it, onTestFinished } from 'vitest';
import { createPrimitives, useReadable } from '../../../src/solid/index.ts';
import { type Followed, follow } from '../client/support/followed.ts';
import { protocol } from '../client/support/protocol.ts';

const {
  Provider,
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
} = createPrimitives(protocol);

let followed: Followed;
beforeEach(async () => {
  followed = await follow();
});

/** Renders what these setups give below a `Provider`; each is a component of its own. */
function mount(...setups: (() => JSX.Element)[]): { host: HTMLElement; unmount(): void } {
  const host = document.createElement('div');
  document.body.append(host);
  const unmount = render(
    () =>
      createComponent(Provider, {
        client: followed.client,
        get children() {
          return setups.map((setup) => createComponent(setup, {}));
        },
      }),
    host,
  );
  onTestFinished(() => {
    unmount();
    host.remove();
  });
  return { host, unmount };
}

it('renders a component on its own key alone', async () => {
  const { publish, asked, isOpen } = followed;
  const renders: string[] = [];
  const node = (id: string) => () => {
    const latest = useLatest('run', 'node', id);
    createRenderEffect(() => renders.push(`${id}:${latest()?.state}`));
    return null;
  };
  mount(node('a'), node('b'));
  await expect.poll(asked).toEqual(['run']);
  await isOpen();
  publish('a', 'running');
  await expect.poll(() => renders).toEqual(['a:undefined', 'b:undefined', 'a:running']);
  publish('b', 'done');
  await expect.poll(() => renders.slice(3)).toEqual(['b:done']);
});

it('follows the topic and key that accessors give now, and never shows one for another', async () => {
  const { publish, asked, left, isOpen } = followed;
  const [topic, setTopic] = createSignal('run');
  const [key, setKey] = createSignal('a');
  const renders: string[] = [];
  const heard: string[] = [];
  const { unmount } = mount(() => {
    const node = useLatest(topic, 'node', key);
    useEvent(topic, 'node', ({ id }, meta) => heard.push(`${meta.topic} ${id}`));
    createRenderEffect(() => renders.push(`${topic()} ${key()} ${node()?.state}`));
    return null;
  });
  await isOpen();
  publish('a', 'running');
  publish('b', 'waiting');
  publish('b', 'other', 'run:2');
  await expect.poll(() => renders.at(-1)).toBe('run a running');
  await expect.poll(() => heard).toEqual(['run a', 'run b']);
  setKey('b');
  expect(renders.at(-1)).toBe('run b waiting');
  expect(asked()).toEqual(['run']);
  setTopic('run:2');
  expect(renders.at(-1)).toBe('run:2 b undefined');
  await expect.poll(() => renders.at(-1)).toBe('run:2 b other');
  await expect.poll(left, { timeout: 15_000 }).toEqual(['run']);
  publish('b', 'late');
  publish('b', 'newer', 'run:2');
  await expect.poll(() => renders.at(-1)).toBe('run:2 b newer');
  expect(renders).toEqual([
    'run a undefined',
    'run a running',
    'run b waiting',
    'run:2 b undefined',
    'run:2 b other',
    'run:2 b newer',
  ]);
  await expect.poll(() => heard).toEqual(['run a', 'run b', 'run:2 b']);
  unmount();
  await expect.poll(left, { timeout: 15_000 }).toEqual(['run', 'run:2']);
});

it('gives a map, a view, how the topic stands, the clock, and what was sent', async () => {
  const { publish, isOpen } = followed;
  const states: string[] = [];
  let send: ReturnType<typeof useSend<'approve'>>['send'] | undefined;
  let now: Accessor<number> = () => Infinity;
  const { host } = mount(() => {
    const [connection, status, outbox] = [useConnection(), useStatus('run'), useOutbox()];
    const waiting = usePending('approve', 'g');
    const nodes = useLatest('run', ['node']);
    const done = useView('run', [] as string[], (ids, e) =>
      e.type === 'node' && e.state === 'done' ? [...ids, e.id] : ids,
    );
    const { pending, error, ...sender } = useSend('approve');
    send = sender.send;
    now = useNow(10);
    createRenderEffect(() => states.push(`${pending()} ${error()?.message ?? ''}`));
    const shown = document.createElement('p');
    createRenderEffect(() => {
      const line = [connection().state, status().state, outbox().length, waiting() !== undefined];
      shown.textContent = [...line, nodes().size, done().join()].join(' ');
    });
    return shown;
  });
  expect(host.textContent).toBe('closed idle 0 false 0 ');
  await isOpen();
  publish('a', 'done');
  publish('b', 'running');
  await expect.poll(() => host.textContent).toBe('open live 0 false 2 a');
  const first = now();
  await expect.poll(now).toBeGreaterThan(first);
  await send?.({ gate: 'g' });
  await expect.poll(() => states).toEqual(['false ', 'true ', 'false ']);
  // A gate that is no text: what a form without types might give.
  await expect(send?.({ gate: 7 as unknown as string })).rejects.toMatchObject({ code: 'invalid_command' });
  expect(states.at(-1)).toMatch(/^false .*gate/);
});

it('follows in a root of its own, and by `from` as Solid has it', async () => {
  const { client, publish, left, isOpen } = followed;
  const nodes = client.topic('rooted').latest('node');
  const { end, size, state } = createRoot((dispose) => {
    const byKey = useReadable(nodes);
    return { end: dispose, size: () => byKey().size, state: from(nodes.at('a')) };
  });
  await isOpen();
  publish('a', 'running', 'rooted');
  await expect.poll(size).toBe(1);
  expect(state()?.state).toBe('running');
  end();
  await expect.poll(left, { timeout: 15_000 }).toEqual(['rooted']);
});

it('says what is missing where there is no provider', () => {
  expect(() => createRoot(useClient)).toThrow(/<Provider client=/);
});
