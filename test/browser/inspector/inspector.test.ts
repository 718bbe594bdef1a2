/** The element in a real page, with a real hub in a SharedWorker and a real server. */
import axe from 'axe-core';
import { describe, expect, it, onTestFinished } from 'vitest';
import { cdp } from 'vitest/browser';
import { frameChannel } from '../../../src/inspector/frames/channel.ts';
import { offerInspector } from '../../../src/inspector/index.ts';
import { protocol } from '../client/support/protocol.ts';
import { clientHere, type TestClient } from '../client/support/tab.ts';
import { TestRoom } from '../worker/support/room.ts';
import { manyThings } from './support/many-things.ts';
import { painted, show } from './support/shown.ts';

const TOKEN = 'token-of-ann-that-nobody-sees';
const PANELS = ['Hub', 'Connection', 'Topics', 'Outbox', 'Frames', 'Storage'];

async function connect(): Promise<{ client: TestClient; room: TestRoom }> {
  const room = await TestRoom.enter();
  const name = crypto.randomUUID();
  const client = clientHere({
    url: room.url('/trunk'),
    identity: crypto.randomUUID(),
    token: () => TOKEN,
    worker: () => new SharedWorker(new URL('./support/hub.ts', import.meta.url), { type: 'module', name }),
  });
  client.topic('run').subscribe({});
  await expect.poll(() => client.connection.get().state).toBe('open');
  return { client, room };
}

const press = (on: HTMLElement, key: string) =>
  on.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, composed: true, cancelable: true }));

describe('the panels', () => {
  it('tell of the hub, its tabs and its topics', async () => {
    const { client, room } = await connect();
    const shown = await show(client);
    await expect.poll(() => shown.fact('Sockets live')).toBe('1');
    expect(shown.fact('Role')).toMatch(/^owner, term \d+$/);
    expect(shown.rows()).toMatchObject([[expect.any(String), 'visible', expect.any(String), '1', 'run']]);
    room.publish('run', 'a', { type: 'node', id: 'a', state: 'running' });
    await shown.open('Topics');
    await expect.poll(() => shown.rows()[0]?.slice(0, 3)).toEqual(['run', 'live', '1']);
    await shown.open('Storage');
    expect(shown.fact('Storage')).toBe('ok');
  });

  it('tell how the connection came to be what it is', async () => {
    const { client, room } = await connect();
    const shown = await show(client);
    await shown.open('Connection');
    room.cut();
    const states = () => shown.rows().map(([, state]) => state);
    await expect.poll(states).toEqual(['open', 'connecting', 'closed: network', 'open']);
  });

  it('tell the life of a command, and what it says only when asked', async () => {
    const { client } = await connect();
    const shown = await show(client);
    await shown.open('Outbox');
    const { outcome } = await client.send('approve', { gate: 'the-secret-gate' });
    await outcome;
    await expect
      .poll(() => shown.rows().map(([type, , state]) => [type, state]))
      .toEqual([['approve', 'accepted']]);
    shown.grid().focus();
    press(shown.grid(), 'ArrowDown');
    await painted();
    expect(shown.fact('Payload')).toBe('hidden');
    expect(shown.text()).not.toContain('the-secret-gate');
    shown.find('header input').click();
    await painted();
    await expect.poll(shown.text).toContain('the-secret-gate');
  });

  it('say how frames are had, where nobody records them', async () => {
    const shown = await show(manyThings().client);
    await shown.open('Frames');
    await expect.poll(shown.text).toContain("import { recordFrames } from 'trunkline/inspector/hub'");
  });
});

describe('frames', () => {
  it('are shown in both directions, what they say only when asked, and not any more when asked', async () => {
    const { client, room } = await connect();
    const shown = await show(client);
    await shown.open('Frames');
    room.publish('run', 'a', { type: 'node', id: 'a', state: 'a private state' });
    const kinds = () => shown.rows().map(([, way, type]) => `${way} ${type}`);
    await expect.poll(kinds).toContain('in event');
    expect(kinds()).toEqual(expect.arrayContaining(['socket open', 'out hello', 'in welcome']));
    expect(shown.inspector.report()).not.toContain('a private state');

    shown.find('header input').click();
    await expect.poll(() => shown.inspector.report()).toContain('a private state');
    shown.find('header input').click();
    await painted();
    expect(shown.inspector.report()).not.toContain('a private state');
  });

  it('are not those of another person in the same browser', async () => {
    const one = await connect();
    const other = await connect();
    const room = other.room;
    const shown = await show(one.client);
    await shown.open('Frames');
    await expect.poll(() => shown.rows().length).toBeGreaterThan(3);
    room.publish('run', 'a', { type: 'node', id: 'a', state: 'hers' });
    one.room.publish('run', 'b', { type: 'node', id: 'b', state: 'his' });
    shown.find('header input').click();
    await expect.poll(() => shown.inspector.report()).toContain('his');
    expect(shown.inspector.report()).not.toContain('hers');
  });
});

it('frames are told of by a page’s own worker, and to a page whose hub works through that one', async () => {
  const room = await TestRoom.enter();
  const options = { url: room.url('/trunk'), identity: crypto.randomUUID() };
  const owner = clientHere({
    ...options,
    worker: () => new Worker(new URL('./support/hub.ts', import.meta.url), { type: 'module' }),
  });
  owner.topic('run').subscribe({});
  await expect.poll(() => owner.connection.get().state).toBe('open');
  const name = crypto.randomUUID();
  const relayed = clientHere({
    ...options,
    worker: () => new SharedWorker(new URL('./support/hub.ts', import.meta.url), { type: 'module', name }),
  });
  const shown = await show(relayed);
  await expect.poll(() => shown.fact('Role')).toMatch(/^relay to /);
  await shown.open('Frames');
  await expect.poll(() => shown.rows().map(([, way, type]) => `${way} ${type}`)).toContain('in welcome');
});

it('a token is in no panel, no export, and nothing that is said on the channel', async () => {
  const { client, room } = await connect();
  const said: unknown[] = [];
  const channel = new BroadcastChannel(frameChannel(protocol.app));
  channel.onmessage = ({ data }) => said.push(data);
  onTestFinished(() => channel.close());
  const shown = await show(client);
  expect(room.seen).toContainEqual(expect.objectContaining({ type: 'hello', token: TOKEN }));
  shown.find('header input').click();
  for (const panel of PANELS) {
    await shown.open(panel);
    expect(shown.inspector.shadowRoot?.textContent).not.toContain(TOKEN);
  }
  await expect.poll(() => shown.inspector.report()).toContain('[token]');
  expect(shown.inspector.report()).not.toContain(TOKEN);
  await expect.poll(() => JSON.stringify(said)).toContain('[token]');
  expect(JSON.stringify(said)).not.toContain(TOKEN);
});

it('the console opens it with what was recorded since it was offered, and Escape gives the focus back', async () => {
  const { client, room } = await connect();
  offerInspector(client);
  room.cut();
  await expect.poll(async () => (await client.inspect()).sockets.opened).toBe(2);
  const field = document.createElement('input');
  document.body.append(field);
  onTestFinished(() => field.remove());
  field.focus();

  const { trunkline }: typeof globalThis & { trunkline?: { inspect?: () => Promise<HTMLElement> } } =
    globalThis;
  const inspector = (await trunkline?.inspect?.()) ?? expect.fail('the console has no such thing');
  const root = inspector.shadowRoot ?? expect.fail('it has no shadow root');
  expect(document.activeElement).toBe(inspector);
  expect(root.activeElement?.textContent).toBe('Hub');
  press(root.activeElement as HTMLElement, 'ArrowRight');
  expect(root.activeElement?.textContent).toBe('Connection');
  await expect.poll(() => root.textContent).toContain('closed: network');
  press(inspector, 'Escape');
  expect(inspector.isConnected).toBe(false);
  expect(document.activeElement).toBe(field);
});

describe('with 1,000 topics and 5,000 entries', () => {
  it('few rows are made, and what did not change is not touched', async () => {
    const things = manyThings();
    const shown = await show(things.client);
    for (const [panel, count] of [
      ['Topics', 1_001],
      ['Outbox', 5_001],
    ] as const) {
      await shown.open(panel);
      await expect.poll(() => shown.grid().ariaRowCount).toBe(`${count}`);
      expect(shown.rows().length).toBeLessThan(60);
    }
    await shown.open('Topics');
    await expect.poll(() => shown.rows()[0]?.[3], { message: 'a rate needs two reports' }).toBe('0');
    const changes: MutationRecord[] = [];
    const observer = new MutationObserver((seen) => changes.push(...seen));
    observer.observe(shown.grid(), { subtree: true, childList: true, characterData: true, attributes: true });
    const asked = things.asked();
    await expect.poll(things.asked).toBeGreaterThan(asked + 1);
    await painted();
    expect(changes).toEqual([]);
  });

  it('the chosen row and the place stay, while rows come and go above them', async () => {
    const things = manyThings();
    const shown = await show(things.client);
    await shown.open('Outbox');
    await expect.poll(() => shown.grid().ariaRowCount).toBe('5001');
    const grid = shown.grid();
    const chosen = () => grid.querySelector('[aria-selected="true"]');
    const place = () => (chosen()?.getBoundingClientRect().top ?? 0) - grid.getBoundingClientRect().top;
    grid.scrollTop = 2_000 * 28;
    await painted();
    (grid.querySelectorAll('.rows [role="row"]')[12] as HTMLElement).click();
    await painted();
    const before = { id: shown.fact('Id'), place: place() };
    things.accept(100);
    // What has left it is below, as over.
    await expect.poll(shown.text).toContain('4,900 to be delivered, 100 over');
    expect({ id: shown.fact('Id'), place: place() }).toEqual(before);
    expect(grid.getAttribute('aria-activedescendant')).toBe(chosen()?.id);
    press(grid, 'End');
    expect(chosen()?.ariaRowIndex).toBe('5001');
    press(grid, 'Home');
    expect(chosen()?.ariaRowIndex).toBe('2');
    expect(grid.scrollTop).toBe(0);
  });

  it('a filter leaves what has all of its words', async () => {
    const things = manyThings();
    const shown = await show(things.client);
    await shown.open('Topics');
    await expect.poll(() => shown.grid().ariaRowCount).toBe('1001');
    const field = shown.grid().parentElement?.querySelector('input') ?? expect.fail('there is no filter');
    field.value = 'live 77';
    field.dispatchEvent(new Event('input'));
    await painted();
    expect(shown.rows().map(([name]) => name)).toEqual(
      Array.from({ length: 1_000 }, (_, i) => `topic ${i}`).filter((name) => name.includes('77')),
    );
  });
});

it.each(['light', 'dark'])(
  'axe finds nothing to complain of in any panel, where it is %s',
  async (scheme) => {
    await cdp().send('Emulation.setEmulatedMedia', {
      features: [{ name: 'prefers-color-scheme', value: scheme }],
    });
    const { client } = await connect();
    const shown = await show(client);
    await (await client.send('approve', { gate: 'a' })).outcome;
    for (const panel of PANELS) {
      await shown.open(panel);
      if (['Outbox', 'Frames', 'Connection'].includes(panel)) {
        await expect.poll(() => shown.rows().length).toBeGreaterThan(0);
        press(shown.grid(), 'ArrowDown');
        await painted();
      }
      const { violations } = await axe.run(shown.inspector);
      expect(
        violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html)]),
        panel,
      ).toEqual([]);
    }
  },
);
