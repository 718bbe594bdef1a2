/** The bindings in real components, with a real hub and a real server. */
import { type Component, flushSync, hydrate, mount as mountComponent, unmount } from 'svelte';
import { beforeEach, expect, it, onTestFinished } from 'vitest';
import { useReadable } from '../../../src/svelte/index.ts';
import { type Followed, follow } from '../client/support/followed.ts';
import Node from './node.svelte';
import Provided from './provided.svelte';
import Stores from './stores.svelte';
import Values from './values.svelte';

let followed: Followed;
beforeEach(async () => {
  followed = await follow();
});

/** Components below one that provides the client. */
function mount(...children: [Component<Record<string, unknown>>, Record<string, unknown>][]) {
  const host = document.createElement('div');
  document.body.append(host);
  const mounted = mountComponent(Provided, { target: host, props: { client: followed.client, children } });
  let isMounted = true;
  const end = () => {
    if (isMounted) unmount(mounted);
    isMounted = false;
  };
  onTestFinished(() => {
    end();
    host.remove();
  });
  flushSync();
  return { host, unmount: end };
}

it('renders a component on its own key alone', async () => {
  const { publish, asked, isOpen } = followed;
  const renders: string[] = [];
  const rendered = (text: string) => renders.push(text);
  mount([Node, { topic: 'run', id: 'a', rendered }], [Node, { topic: 'run', id: 'b', rendered }]);
  await expect.poll(asked).toEqual(['run']);
  await isOpen();
  publish('a', 'running');
  await expect.poll(() => renders).toEqual(['run a undefined', 'run b undefined', 'run a running']);
  publish('b', 'done');
  await expect.poll(() => renders.slice(3)).toEqual(['run b done']);
});

it('follows the topic and key that props give now, and never shows one for another', async () => {
  const { publish, asked, left, isOpen } = followed;
  const renders: string[] = [];
  const heard: string[] = [];
  const props = $state({
    topic: 'run',
    id: 'a',
    rendered: (text: string) => renders.push(text),
    heard: (text: string) => heard.push(text),
  });
  const { host } = mount([Node, props]);
  await isOpen();
  publish('a', 'running');
  publish('b', 'waiting');
  publish('b', 'other', 'run:2');
  await expect.poll(() => host.textContent).toContain('run a running');
  await expect.poll(() => heard).toEqual(['run a', 'run b']);
  props.id = 'b';
  flushSync();
  expect(host.textContent).toContain('run b waiting');
  expect(asked()).toEqual(['run']);
  props.topic = 'run:2';
  flushSync();
  expect(host.textContent).toContain('run:2 b undefined');
  await expect.poll(() => host.textContent).toContain('run:2 b other');
  await expect.poll(left, { timeout: 15_000 }).toEqual(['run']);
  publish('b', 'late');
  publish('b', 'newer', 'run:2');
  await expect.poll(() => host.textContent).toContain('run:2 b newer');
  expect(renders).toEqual([
    'run a undefined',
    'run a running',
    'run b waiting',
    'run:2 b undefined',
    'run:2 b other',
    'run:2 b newer',
  ]);
  await expect.poll(() => heard).toEqual(['run a', 'run b', 'run:2 b']);
});

it('gives a map, a view, how the topic stands, the clock, and what was sent', async () => {
  const { publish, isOpen } = followed;
  let send: (payload: unknown) => Promise<unknown> = async () => {};
  const { host } = mount([
    Values,
    {
      sender: (given: typeof send) => {
        send = given;
      },
    },
  ]);
  const shown = () => [...host.querySelectorAll('p')].map(({ textContent }) => textContent);
  await isOpen();
  publish('a', 'done');
  publish('b', 'running');
  await expect.poll(() => shown().slice(0, 3)).toEqual(['open live 0 false', '2 nodes, done: a', 'false ']);
  const before = Number(shown()[3]);
  await expect.poll(() => Number(shown()[3])).toBeGreaterThan(before);
  const sent = send({ gate: 'g' });
  flushSync();
  expect(shown()[2]).toBe('true ');
  await sent;
  await expect.poll(() => shown()[2]).toBe('false ');
  await expect(send({ gate: 7 })).rejects.toMatchObject({ code: 'invalid_command' });
  await expect.poll(() => shown()[2]).toMatch(/^false .*gate/);
});

it('lets the topic go when its last component has gone, also in a root of its own', async () => {
  const { client, publish, left, isOpen } = followed;
  const nodes = useReadable(client.topic('rooted').latest('node'));
  const sizes: number[] = [];
  const end = $effect.root(() => {
    $effect(() => {
      sizes.push(nodes.current.size);
    });
  });
  const { unmount } = mount([Node, { topic: 'run', id: 'a' }]);
  await isOpen();
  unmount();
  await expect.poll(left, { timeout: 15_000 }).toEqual(['run']);
  publish('a', 'running', 'rooted');
  await expect.poll(() => sizes).toEqual([0, 1]);
  end();
  await expect.poll(left, { timeout: 15_000 }).toEqual(['run', 'rooted']);
});

it('hydrates what a server has rendered without a mismatch', async () => {
  const { client, isOpen } = followed;
  const host = document.createElement('div');
  document.body.append(host);
  // As a server renders it: see test/unit/bindings.
  host.innerHTML = '<!--[--><!--[--><!--[--><p>run a undefined</p><!--]--><!--]--><!--]-->';
  const { warn } = console;
  const warnings: unknown[] = [];
  console.warn = (...words) => warnings.push(words);
  const children: [Component<Record<string, unknown>>, Record<string, unknown>][] = [
    [Node, { topic: 'run', id: 'a' }],
  ];
  const mounted = hydrate(Provided, { target: host, props: { client, children } });
  onTestFinished(() => {
    console.warn = warn;
    unmount(mounted);
    host.remove();
  });
  await isOpen();
  followed.publish('a', 'running');
  await expect.poll(() => host.textContent).toBe('run a running');
  expect(warnings).toEqual([]);
});

it('takes what can be followed for a store of its own, as it stands', async () => {
  const { client, publish, isOpen } = followed;
  const host = document.createElement('div');
  const mounted = mountComponent(Stores, { target: host, props: { client } });
  await isOpen();
  publish('a', 'running');
  await expect.poll(() => host.textContent).toBe('open running 1');
  await unmount(mounted);
  await expect.poll(followed.left, { timeout: 15_000 }).toEqual(['run']);
});

it('says what is missing where no client was provided', () => {
  expect(() =>
    mountComponent(Node, { target: document.createElement('div'), props: { topic: 'run', id: 'a' } }),
  ).toThrow(/provideClient\(client\)/);
});
