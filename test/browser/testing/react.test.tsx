/** Real components, rendered by Testing Library on tabs of a testbed, in a real page. */
import { act, cleanup, fireEvent, render, within } from '@testing-library/react';
import { type ReactElement, StrictMode, startTransition, useState } from 'react';
import { afterEach, beforeEach, expect, it, onTestFinished } from 'vitest';
import { defineProtocol } from '../../../src/protocol/index.ts';
import { createHooks } from '../../../src/react/index.ts';
import { createTestbed, type Testbed, type TestTab } from '../../../testing/index.ts';
import { protocol } from '../client/support/protocol.ts';

type Protocol = typeof protocol;
const { Provider, useConnection, useEvent, useLatest, useOutbox, useSend } = createHooks(protocol);

/** React complains there of whatever happens outside of `act`. */
const complaints: unknown[][] = [];
beforeEach(() => {
  Object.assign(globalThis, { IS_REACT_ACT_ENVIRONMENT: true });
  const { error } = console;
  console.error = (...words) => complaints.push(words);
  onTestFinished(() => {
    console.error = error;
  });
});
afterEach(() => {
  cleanup();
  expect(complaints.splice(0)).toEqual([]);
});

function startTestbed(): Testbed<Protocol> {
  return createTestbed(protocol, { act, commands: { approve: () => ({ ran: 1 }) } });
}

function show({ client }: TestTab<Protocol>, element: ReactElement) {
  const { container, unmount } = render(
    <StrictMode>
      <Provider client={client}>{element}</Provider>
    </StrictMode>,
  );
  return { container, unmount, ...within(container) };
}

function Page() {
  const connection = useConnection();
  const nodes = useLatest('run', 'node');
  const unsent = useOutbox();
  const { send, pending, error } = useSend('approve');
  const [line, setLine] = useState('none');
  useEvent('run', 'line', ({ text }) => startTransition(() => setLine(text)));
  return (
    <>
      <p>line: {connection.state}</p>
      <p>nodes: {[...nodes.keys()].join()}</p>
      <p>last: {line}</p>
      <p>unsent: {unsent.length}</p>
      <p>{error ? `refused: ${error.message}` : pending ? 'under way' : 'done'}</p>
      <button type="button" onClick={() => send({ gate: 'a' })}>
        Approve
      </button>
    </>
  );
}

it('has rendered what happened when a promise of the testbed resolves', async () => {
  await using bed = startTestbed();
  const one = show(bed.openTab(), <Page />);
  const two = show(bed.openTab(), <Page />);
  await bed.settle();
  for (const page of [one, two]) expect(page.getByText('line: open')).toBeDefined();
  await bed.server.emit('run', { type: 'node', id: 'a', state: 'running' });
  await bed.server.emit('run', { type: 'line', text: 'hello' });
  for (const page of [one, two]) {
    expect(page.getByText('nodes: a')).toBeDefined();
    expect(page.getByText('last: hello')).toBeDefined();
  }
  await bed.server.stop();
  fireEvent.click(one.getByText('Approve'));
  await bed.settle();
  expect(one.getByText('under way')).toBeDefined();
  expect(two.getByText('unsent: 1')).toBeDefined();
  bed.server.refuse('approve', { code: 'late', message: 'too late' });
  await bed.server.start();
  await bed.advance(30_000);
  expect(one.getByText('refused: too late')).toBeDefined();
  expect(bed.errors).toEqual([]);
});

it('lets a component that appears over an `advance` ask for more, and renders that, too', async () => {
  await using bed = startTestbed();
  const Details = () => <p>details: {useLatest('details', 'node').size}</p>;
  const List = () => (useLatest('run', 'node').size > 0 ? <Details /> : <p>nothing</p>);
  await bed.server.emit('details', { type: 'node', id: 'd', state: 'done' });
  await bed.server.stop();
  const page = show(bed.openTab(), <List />);
  await bed.server.emit('run', { type: 'node', id: 'a', state: 'running' });
  expect(page.getByText('nothing')).toBeDefined();
  await bed.server.start();
  await bed.advance(1_000);
  expect(page.getByText('details: 1')).toBeDefined();
});

it("also goes on for who waits with Testing Library's own means", async () => {
  await using bed = startTestbed();
  const page = show(bed.openTab(), <Page />);
  fireEvent.click(page.getByText('Approve'));
  expect(await page.findByText('done')).toBeDefined();
  expect(await page.findByText('unsent: 0')).toBeDefined();
  await bed.server.emit('run', { type: 'node', id: 'a', state: 'running' });
  expect(await page.findByText('nodes: a')).toBeDefined();
  expect(bed.server.received).toHaveLength(1);
});

it('may be moved within an `act` of the test, once nothing is under way', async () => {
  await using bed = startTestbed();
  const page = show(bed.openTab(), <Page />);
  await bed.settle();
  await act(async () => {
    fireEvent.click(page.getByText('Approve'));
    await bed.settle();
  });
  await bed.settle();
  expect(page.getByText('done')).toBeDefined();
});

it('leaves a page alone that was unmounted after its tab was gone', async () => {
  await using bed = startTestbed();
  for (const go of ['reload', 'crash', 'close'] as const) {
    const tab = bed.openTab();
    const page = show(tab, <Page />);
    await bed.settle();
    await tab[go]();
    await bed.server.emit('run', { type: 'node', id: go, state: 'running' });
    expect(page.queryByText(new RegExp(go))).toBeNull();
    page.unmount();
    await bed.advance(10_000);
  }
  expect(bed.errors).toEqual([]);
});

const { node, line } = protocol.events;
const kept = defineProtocol({
  app: 'kept',
  version: 1,
  events: { node: { ...node, persist: true }, line },
  commands: {},
});
const hooksOfKept = createHooks(kept);

it('begins with the state that was kept on the device, and renders nothing less until the line has brought the rest', async () => {
  await using bed = createTestbed(kept, { act });
  const rendered: string[] = [];
  const Nodes = () => {
    const nodes = hooksOfKept.useLatest('run', 'node');
    const folded = hooksOfKept.useView('run', 0, (count, { type }) => count + (type === 'node' ? 1 : 0));
    const one = hooksOfKept.useLatest('run', 'node', 'a');
    const text = `${[...nodes.keys()].join()} ${folded} ${one?.state ?? 'unknown'}`;
    rendered.push(text);
    return <p>nodes: {text}</p>;
  };
  const open = () => {
    const { client } = bed.openTab();
    return render(
      <hooksOfKept.Provider client={client}>
        <Nodes />
      </hooksOfKept.Provider>,
    );
  };
  const before = open();
  await bed.server.emit('run', { type: 'node', id: 'a', state: 'running' });
  await bed.server.emit('run', { type: 'node', id: 'b', state: 'running' });
  await bed.advance(6_000);
  before.unmount();
  await bed.worker.kill();
  await bed.server.stop();

  rendered.length = 0;
  const { getByText } = open();
  await bed.settle();
  expect(getByText('nodes: a,b 2 running')).toBeDefined();
  await bed.server.emit('run', { type: 'node', id: 'c', state: 'running' });
  await bed.server.start();
  await bed.advance(30_000);
  expect(getByText('nodes: a,b,c 3 running')).toBeDefined();
  expect([...new Set(rendered)]).toEqual([' 0 unknown', 'a,b 2 running', 'a,b,c 3 running']);
  expect(bed.errors).toEqual([]);
});
