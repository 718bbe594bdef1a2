/** The hooks in real components, with a real hub and a real server. */
import { Activity, type ReactElement, StrictMode, startTransition, useLayoutEffect, useState } from 'react';
import { flushSync } from 'react-dom';
import { createRoot, hydrateRoot, type Root } from 'react-dom/client';
import { renderToString } from 'react-dom/server';
import { beforeEach, expect, it, onTestFinished } from 'vitest';
import { createHooks, useReadable } from '../../../src/react/index.ts';
import { protocol } from '../client/support/protocol.ts';
import { clientHere, sharedHub, type TestClient } from '../client/support/tab.ts';
import { TestRoom } from '../worker/support/room.ts';

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
} = createHooks(protocol);

let room: TestRoom;
let client: TestClient;
beforeEach(async () => {
  room = await TestRoom.enter();
  const wish = { url: room.url('/trunk'), identity: crypto.randomUUID() };
  const hub = crypto.randomUUID();
  client = clientHere({ ...wish, worker: () => sharedHub(hub) });
});

function mount(element: ReactElement): { root: Root; host: HTMLElement } {
  const host = document.createElement('div');
  document.body.append(host);
  const root = createRoot(host);
  root.render(element);
  onTestFinished(() => {
    root.unmount();
    host.remove();
  });
  return { root, host };
}
/** Published within a second. */
const EVENTS = 500;
const LEAVES = Array.from({ length: 20 }, (_, i) => `leaf ${i}`);
const publish = (id: string, state: string) => room.publish('run', id, { type: 'node', id, state });
const subscriptions = () => room.seen.filter(({ type }) => type === 'resync_request' || type === 'subscribe');
const isOpen = () => expect.poll(() => client.connection.get().state).toBe('open');

it('renders a component on its own key alone', async () => {
  const renders: string[] = [];
  const Node = ({ id }: { id: string }) => {
    const node = useLatest('run', 'node', id);
    renders.push(`${id}:${node?.state}`);
    return <p>{node?.state}</p>;
  };
  mount(
    <Provider client={client}>
      <Node id="a" />
      <Node id="b" />
    </Provider>,
  );
  await expect.poll(() => subscriptions()).toHaveLength(1);
  await isOpen();
  publish('a', 'running');
  await expect.poll(() => renders).toEqual(['a:undefined', 'b:undefined', 'a:running']);
  publish('b', 'done');
  await expect.poll(() => renders.slice(3)).toEqual(['b:done']);
});

it('gives the map of all keys where no key is named', async () => {
  const Count = () => <p>{useLatest('run', ['node']).size} nodes</p>;
  const { host } = mount(
    <Provider client={client}>
      <Count />
    </Provider>,
  );
  await isOpen();
  publish('a', 'running');
  publish('b', 'running');
  await expect.poll(() => host.textContent).toBe('2 nodes');
});

it('folds a view with an inline reducer, and does not subscribe anew with each render', async () => {
  let rerender = () => {};
  const Done = () => {
    const [factor, setFactor] = useState(1);
    rerender = () => setFactor((n) => n + 1);
    const done = useView<string[]>('run', [], (ids, e) =>
      e.type === 'node' && e.state === 'done' ? [...ids, `${e.id}${factor}`] : ids,
    );
    return <p>{done.join()}</p>;
  };
  const { host } = mount(
    <Provider client={client}>
      <Done />
    </Provider>,
  );
  await isOpen();
  publish('a', 'done');
  await expect.poll(() => host.textContent).toBe('a1');
  flushSync(rerender);
  publish('b', 'done');
  // The newest reducer, on the state that the earlier one made.
  await expect.poll(() => host.textContent).toBe('a1,b2');
  expect(subscriptions()).toHaveLength(1);
});

it('renders when what is selected has changed, by an equality of its own, and with the newest selector', async () => {
  const renders: string[] = [];
  let rerender = () => {};
  const Done = () => {
    const [mark, setMark] = useState('');
    rerender = () => setMark('!');
    const done = useView(
      'run',
      [] as string[],
      (ids, e) => (e.type === 'node' ? [...ids, `${e.id}:${e.state}`] : ids),
      (ids) => ids.filter((id) => id.endsWith(':done')).map((id) => id + mark),
      (before, now) => before.join() === now.join(),
    );
    renders.push(done.join());
    return null;
  };
  mount(
    <Provider client={client}>
      <Done />
    </Provider>,
  );
  await isOpen();
  publish('a', 'running');
  publish('a', 'done');
  await expect.poll(() => renders).toEqual(['', 'a:done']);
  publish('b', 'running');
  publish('c', 'done');
  await expect.poll(() => renders).toEqual(['', 'a:done', 'a:done,c:done']);
  flushSync(rerender);
  expect(renders.slice(3)).toEqual(['a:done!,c:done!']);
});

it('shares one view among components that select of it, and each renders for its own part alone', async () => {
  const states = client
    .topic('run')
    .view({} as Readonly<Record<string, string>>, (all, e) =>
      e.type === 'node' ? { ...all, [e.id]: e.state } : all,
    );
  const renders: string[] = [];
  const Node = ({ id }: { id: string }) => {
    renders.push(`${id}:${useReadable(states, (all) => all[id])}`);
    return null;
  };
  mount(
    <Provider client={client}>
      <Node id="a" />
      <Node id="b" />
    </Provider>,
  );
  await isOpen();
  publish('a', 'running');
  await expect.poll(() => renders).toEqual(['a:undefined', 'b:undefined', 'a:running']);
  publish('b', 'done');
  await expect.poll(() => renders.slice(3)).toEqual(['b:done']);
  expect(subscriptions()).toHaveLength(1);
});

it('follows nothing in a hidden `Activity`, keeps what it showed, and has the newest when it is shown again', async () => {
  let heard = '';
  let renders = 0;
  const Node = () => {
    renders++;
    useEvent('run', 'node', ({ state }) => {
      heard = state;
    });
    return <i>{useLatest('run', 'node', 'a')?.state}</i>;
  };
  const tree = (mode: 'hidden' | 'visible') => (
    <Provider client={client}>
      <Activity mode={mode}>
        <Node />
      </Activity>
    </Provider>
  );
  const { root, host } = mount(tree('hidden'));
  await expect.poll(() => renders).toBe(1);
  // Rendered ahead, and nothing is asked for.
  expect(subscriptions()).toEqual([]);
  root.render(tree('visible'));
  await isOpen();
  publish('a', 'one');
  await expect.poll(() => host.textContent).toBe('one');
  root.render(tree('hidden'));
  await expect
    .poll(() => room.seen.some(({ type }) => type === 'unsubscribe'), { timeout: 15_000 })
    .toBe(true);
  const before = renders;
  publish('a', 'two');
  publish('a', 'three');
  root.render(tree('visible'));
  expect(host.textContent).toBe('one');
  await expect.poll(() => host.textContent).toBe('three');
  expect(renders - before).toBeLessThanOrEqual(2);
  publish('a', 'four');
  await expect.poll(() => heard).toBe('four');
});

it('subscribes once in strict mode, and lets go of all when it is unmounted', async () => {
  const Both = () => <p>{`${useLatest('run', 'node').size} ${useView('run', 0, (count) => count + 1)}`}</p>;
  const { root, host } = mount(
    <StrictMode>
      <Provider client={client}>
        <Both />
      </Provider>
    </StrictMode>,
  );
  await isOpen();
  publish('a', 'running');
  await expect.poll(() => host.textContent).toBe('1 1');
  expect(subscriptions()).toHaveLength(1);
  root.render(null);
  await expect
    .poll(() => room.seen.filter(({ type }) => type === 'unsubscribe'), { timeout: 15_000 })
    .toHaveLength(1);
});

it('calls the newest listener for each event once, also in strict mode', async () => {
  const heard: string[] = [];
  let rerender = () => {};
  const Ear = () => {
    const [name, setName] = useState('first');
    rerender = () => setName('second');
    useEvent('run', 'node', (event) => heard.push(`${name}:${event.id}`));
    return null;
  };
  mount(
    <StrictMode>
      <Provider client={client}>
        <Ear />
      </Provider>
    </StrictMode>,
  );
  await isOpen();
  publish('a', 'done');
  await expect.poll(() => heard).toEqual(['first:a']);
  flushSync(rerender);
  publish('b', 'done');
  await expect.poll(() => heard).toEqual(['first:a', 'second:b']);
});

it('sends, tells that it is under way, and shows the outbox', async () => {
  const states: string[] = [];
  let decide: () => Promise<unknown> = async () => {};
  const Gate = () => {
    const { send, pending, error } = useSend('approve');
    const outbox = useOutbox();
    decide = () => send({ gate: 'g' });
    states.push(`${pending} ${error?.message ?? ''} ${outbox.length}`);
    return null;
  };
  mount(
    <Provider client={client}>
      <Gate />
    </Provider>,
  );
  await expect.poll(() => states).toEqual(['false  0']);
  await decide();
  await expect.poll(() => states.at(-1)).toBe('false  0');
  expect(states).toContain('true  0');
  expect(room.seen.filter(({ type }) => type === 'run')).toHaveLength(1);
});

it('says of a command that another tab sent that it is pending, and renders for that one alone', async () => {
  // Nobody answers there, so that it waits.
  const wish = { url: 'ws://127.0.0.1:1', identity: crypto.randomUUID() };
  const hub = crypto.randomUUID();
  const tab = () => clientHere({ ...wish, worker: () => sharedHub(hub) });
  const [here, there] = [tab(), tab()];
  const states: string[] = [];
  const Gate = ({ name }: { name: string }) => {
    states.push(`${name} ${usePending('approve', name)?.state}`);
    return null;
  };
  mount(
    <Provider client={here}>
      <Gate name="a" />
      <Gate name="b" />
    </Provider>,
  );
  await expect.poll(() => states).toEqual(['a undefined', 'b undefined']);
  const { id } = await there.send('approve', { gate: 'b' });
  await expect.poll(() => states.slice(2)).toEqual(['b queued']);
  await there.outbox.cancel(id);
  await expect.poll(() => states.slice(2)).toEqual(['b queued', 'b undefined']);
});

it('keeps the error of a send that was refused, and the send rejects as well', async () => {
  let error: Error | null = null;
  let decide: () => Promise<unknown> = async () => {};
  const Gate = () => {
    const state = useSend('approve');
    error = state.error;
    // A gate that is no text: what a form without types might give.
    decide = () => state.send({ gate: 7 as unknown as string });
    return null;
  };
  mount(
    <Provider client={client}>
      <Gate />
    </Provider>,
  );
  await expect
    .poll(() =>
      decide().then(
        () => 'sent',
        (e: { code: string }) => e.code,
      ),
    )
    .toBe('invalid_command');
  await expect.poll(() => error?.message).toContain('gate');
});

it('keeps one value through a tree that renders concurrently', async () => {
  const torn: string[] = [];
  let rerender = () => {};
  const Leaf = () => {
    const state = useLatest('run', 'node', 'a')?.state;
    const until = performance.now() + 2;
    while (performance.now() < until) {
      // A slow component, so that React yields between leaves.
    }
    // By then the commit is in the page.
    useLayoutEffect(() => {
      const texts = new Set([...host.querySelectorAll('i')].map(({ textContent }) => textContent));
      if (texts.size > 1) torn.push([...texts].join());
    });
    return <i>{state}</i>;
  };
  const Tree = () => {
    const [round, setRound] = useState(0);
    rerender = () => startTransition(() => setRound((n) => n + 1));
    return LEAVES.map((leaf) => <Leaf key={`${round} ${leaf}`} />);
  };
  const { host } = mount(
    <Provider client={client}>
      <Tree />
    </Provider>,
  );
  await isOpen();
  for (let i = 0; i < 5; i++) {
    rerender();
    publish('a', `state ${i}`);
    await expect.poll(() => host.textContent).toBe(`state ${i}`.repeat(LEAVES.length));
  }
  expect(torn).toEqual([]);
});

it('gives a stable first state on a server, and hydrates without a mismatch', async () => {
  const App = () => {
    const connection = useConnection();
    const nodes = useLatest('run', 'node');
    const lines = useView('run', 0, (n, e) => (e.type === 'line' ? n + 1 : n));
    const status = useStatus('run');
    return <p>{`${connection.state} ${status.state} ${nodes.size} ${lines} ${useOutbox().length}`}</p>;
  };
  const tree = (
    <Provider client={client}>
      <App />
    </Provider>
  );
  const html = renderToString(tree);
  expect(html).toBe('<p>closed idle 0 0 0</p>');
  expect(room.seen).toEqual([]);
  const host = document.createElement('div');
  host.innerHTML = html;
  document.body.append(host);
  const errors: unknown[] = [];
  const root = hydrateRoot(host, tree, { onRecoverableError: (error) => errors.push(error) });
  onTestFinished(() => {
    root.unmount();
    host.remove();
  });
  await isOpen();
  publish('a', 'running');
  await expect.poll(() => host.textContent).toBe('open live 1 0 0');
  expect(errors).toEqual([]);
});

it("reads the server's clock again and again", async () => {
  const Clock = () => <p>{useNow(10)}</p>;
  const { host } = mount(
    <Provider client={client}>
      <Clock />
    </Provider>,
  );
  const shown = () => Number(host.textContent);
  await expect.poll(shown).toBeGreaterThan(0);
  const first = shown();
  await expect.poll(shown).toBeGreaterThan(first);
});

it('lets the topic go when its last component has gone', async () => {
  const Node = () => <p>{useLatest('run', 'node', 'a')?.state}</p>;
  const { root } = mount(
    <Provider client={client}>
      <Node />
    </Provider>,
  );
  await isOpen();
  root.render(<Provider client={client}>nothing</Provider>);
  await expect
    .poll(() => room.seen.some(({ type }) => type === 'unsubscribe' || type === 'left'), { timeout: 10_000 })
    .toBe(true);
});

it('says what is missing where there is no provider', () => {
  const Lost = () => <>{String(useClient())}</>;
  expect(() => renderToString(<Lost />)).toThrow(/<Provider client=/);
});

it('renders 500 events a second once a frame, and calls a listener with each', async () => {
  let renders = 0;
  let heard = 0;
  const Lines = () => {
    renders++;
    const count = useView('run', 0, (lines) => lines + 1);
    useEvent('run', 'line', () => heard++);
    return <p>{count}</p>;
  };
  const { host } = mount(
    <Provider client={client}>
      <Lines />
    </Provider>,
  );
  await isOpen();
  await expect.poll(() => client.topic('run').status.get().state).toBe('live');
  const before = renders;
  let frames = 0;
  let frame = requestAnimationFrame(function count() {
    frames++;
    frame = requestAnimationFrame(count);
  });
  onTestFinished(() => cancelAnimationFrame(frame));
  const begun = performance.now();
  for (let sent = 0; sent < EVENTS; ) {
    const due = Math.min(EVENTS, Math.ceil(((performance.now() - begun) / 1_000) * EVENTS));
    for (; sent < due; sent++) room.publish('run', `${sent}`, { type: 'line', text: `${sent}` });
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  await expect.poll(() => host.textContent).toBe(`${EVENTS}`);
  expect(heard).toBe(EVENTS);
  // Where a busy machine paints no frame, a page waits 50 ms for it; and the first change of all waits for none.
  const rendered = renders - before;
  expect(rendered).toBeLessThanOrEqual(frames + (performance.now() - begun) / 50 + 2);
  expect(rendered).toBeLessThan(EVENTS / 2);
});
