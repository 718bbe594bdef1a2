/** `docs/plain.md`: what it says is compiled, and its recipes speak with the servers that they are for. */
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { createConnection, createLongLivedTokenAuth } from 'home-assistant-js-websocket';
import { Socket } from 'phoenix';
import { chromium } from 'playwright';
import { afterEach, beforeAll, describe, expect, inject, test } from 'vitest';
import { CHROMIUM_ARGS, chromiumPath } from '../../scripts/chromium.ts';
import { startSite } from '../e2e/harness/site.ts';
import { GraphQLServer } from './peers/graphql.ts';
import { HomeAssistantServer } from './peers/home-assistant.ts';
import { PhoenixServer } from './peers/phoenix.ts';
import { buildWithVite } from './support/bundlers.ts';
import { filesForBundler, filesOf, writeFiles } from './support/code-blocks.ts';
import { compile } from './support/compile.ts';
import { MadeBrowser } from './support/made-browser.ts';

const DOCUMENT = 'docs/plain.md';
const { folder } = inject('consumer');
const names = [...filesOf(DOCUMENT).keys()];
const recipes = [
  ...new Set(names.flatMap((name) => (name.includes('/') ? [name.split('/', 1)[0] ?? ''] : []))),
];

/** What a test started, to be ended after it. */
const ends: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

async function started<S extends { stop(): Promise<void> }>(starting: Promise<S>): Promise<S> {
  const server = await starting;
  ends.push(() => server.stop());
  return server;
}

/** A browser with the recipe's hub, which really speaks with the server; two pages of it. */
async function opened(recipe: string, options: { url: string | (() => string); token?: () => string }) {
  const written = join(folder, 'plain', recipe);
  const { protocol } = await import(join(written, 'protocol.ts'));
  const { plain } = await import(join(written, 'codec.ts'));
  const browser = new MadeBrowser({ protocol, plain });
  ends.push(() => browser.close());
  const page = () => browser.page({ ...options, dialect: { plain: { acks: true, heartbeat: true } } });
  return { browser, pages: [page(), page()] as const };
}

beforeAll(() => {
  for (const recipe of recipes) writeFiles(filesForBundler(recipe, DOCUMENT), join(folder, 'plain', recipe));
});

test('every code block is a file, and no two are the same one', () => {
  const text = readFileSync(resolve(import.meta.dirname, '../..', DOCUMENT), 'utf8');
  expect(names.length).toBe([...text.matchAll(/^```\w/gm)].length);
});

test.each(recipes)('%s compiles as it stands', (recipe) => {
  const sources = [...filesForBundler(recipe, DOCUMENT).keys()].filter((name) => name.endsWith('.ts'));
  const paths = sources.map((name) => join(folder, 'plain', recipe, name));
  const options = { module: 'ESNext', moduleResolution: 'bundler', moduleDetection: 'force', types: [] };
  expect(compile(folder, `plain-${recipe}`, options, paths)).toBe('');
});

describe('Phoenix', () => {
  test("the test's server is one to Phoenix's own client: it joins, is answered, and joins anew after a crash", async () => {
    const server = await started(PhoenixServer.start());
    const socket = new Socket(server.url, { vsn: '2.0.0', params: { token: 'valid' } });
    ends.push(() => new Promise((done) => void socket.disconnect(() => done(null))));
    socket.connect();
    const heard: unknown[] = [];
    const joins: unknown[] = [];
    const channel = socket.channel('orders:lobby');
    channel.on('order_changed', (payload) => void heard.push(payload));
    channel.join().receive('ok', (response) => joins.push(response));
    await expect
      .poll(() => joins)
      .toEqual([
        {
          orders: [
            { id: '1', state: 'open' },
            { id: '2', state: 'open' },
          ],
        },
      ]);
    const answers: unknown[] = [];
    const push = () =>
      channel
        .push('approve', { id: '1' })
        .receive('ok', (response) => answers.push(response))
        .receive('error', (response) => answers.push(response));
    push();
    push();
    await expect.poll(() => answers).toEqual([{ by: 'ann' }, { reason: 'it is not open' }]);
    expect(heard).toEqual([{ id: '1', state: 'approved' }]);
    const refused: unknown[] = [];
    socket
      .channel('nowhere')
      .join()
      .receive('error', (response) => refused.push(response));
    await expect.poll(() => refused[0]).toEqual({ reason: 'unmatched topic' });
    server.crash();
    await expect.poll(() => joins.length).toBe(2);
    const left: unknown[] = [];
    channel.leave().receive('ok', () => left.push('left'));
    await expect.poll(() => left).toEqual(['left']);
  });

  test('two pages share a line: state, changes, a command that is done and one that is refused', async () => {
    const server = await started(PhoenixServer.start());
    let token = 'first';
    const { pages } = await opened('phoenix', {
      url: () => `${server.url}/websocket?vsn=2.0.0&token=${token}`,
    });
    const orders = pages.map(({ client }) => {
      const latest = client.topic('orders:lobby').latest('order_changed');
      latest.subscribe(() => {});
      return () => [...latest.get().values()].map(({ id, state }) => `${id} ${state}`);
    });
    for (const shown of orders) await expect.poll(shown).toEqual(['1 open', '2 open']);
    const [{ client }] = pages;
    const outcome = async (id: string) =>
      (await client.send('approve', { id }, { topic: 'orders:lobby' })).outcome;
    expect(await outcome('1')).toEqual({ status: 'accepted', duplicate: false, result: { by: 'ann' } });
    expect(await outcome('1')).toMatchObject({ status: 'rejected', message: 'it is not open' });
    for (const shown of orders) await expect.poll(shown).toEqual(['1 approved', '2 open']);
    expect(server.sockets).toBe(1);

    token = 'second';
    server.orders.delete('1');
    server.cut();
    for (const shown of orders) await expect.poll(shown).toEqual(['2 open']);
    expect(server.urls.map((url) => new URL(url, 'ws://x').searchParams.get('token'))).toEqual([
      'first',
      'second',
    ]);
    expect(pages.flatMap(({ errors }) => errors)).toEqual([]);
  });

  test('a channel that crashed is joined again, and a command that it took along is sent again', async () => {
    const server = await started(PhoenixServer.start());
    const { pages } = await opened('phoenix', { url: `${server.url}/websocket?vsn=2.0.0` });
    const [{ client }] = pages;
    const topic = client.topic('orders:lobby');
    topic.latest('order_changed').subscribe(() => {});
    await expect.poll(() => topic.status.get().state).toBe('live');
    server.isMute = true;
    const { outcome } = await client.send('approve', { id: '2' }, { topic: 'orders:lobby' });
    await expect.poll(() => server.orders.get('2')).toBe('approved');
    server.isMute = false;
    server.orders.set('2', 'open');
    server.crash();
    expect(await outcome).toMatchObject({ status: 'accepted' });
    await expect.poll(() => topic.status.get().state).toBe('live');
    expect(server.sockets).toBe(1);
  });

  test('a command to a channel that no page listens to joins it first; to one that is not there, it is refused', async () => {
    const server = await started(PhoenixServer.start());
    const { pages } = await opened('phoenix', { url: `${server.url}/websocket?vsn=2.0.0` });
    const [{ client }] = pages;
    const send = async (topic: string | undefined) =>
      (await client.send('approve', { id: '1' }, topic === undefined ? {} : { topic })).outcome;
    expect(await send('orders:lobby')).toMatchObject({ status: 'accepted' });
    expect(await send('nowhere')).toMatchObject({ status: 'rejected', message: 'unmatched topic' });
    expect(await send(undefined)).toMatchObject({ status: 'rejected', code: 'codec_failed' });
    client.topic('nowhere').on('order_changed', () => {});
    await expect.poll(() => client.topic('nowhere').status.get()).toMatchObject({ state: 'refused' });
  });
});

describe('graphql-ws', () => {
  test('two pages share a line and a subscription: state, changes, results, and what was missed', async () => {
    const server = await started(GraphQLServer.start());
    const { pages } = await opened('graphql', { url: server.url, token: () => 'valid' });
    const topics = pages.map(({ client }) => client.topic('orders'));
    const orders = topics.map((topic) => {
      const latest = topic.latest('order_changed');
      latest.subscribe(() => {});
      return () => [...latest.get().values()].map(({ id, state }) => `${id} ${state}`);
    });
    for (const shown of orders) await expect.poll(shown).toEqual(['1 open', '2 open']);
    const [{ client }] = pages;
    const outcome = async (id: string) => (await client.send('approve', { id })).outcome;
    expect(await outcome('1')).toMatchObject({
      status: 'accepted',
      result: { approve: { id: '1', state: 'approved' } },
    });
    expect(await outcome('1')).toMatchObject({ status: 'rejected', message: 'it is not open' });
    for (const shown of orders) await expect.poll(shown).toEqual(['1 approved', '2 open']);
    expect([server.sockets, server.followers]).toEqual([1, 1]);
    server.cut();
    server.orders.set('2', 'approved');
    for (const shown of orders) await expect.poll(shown).toEqual(['1 approved', '2 approved']);
  });

  test('a token that is refused is asked for once more, and then not before somebody wants it', async () => {
    const server = await started(GraphQLServer.start());
    const { pages } = await opened('graphql', { url: server.url, token: () => 'wrong' });
    const [{ client }] = pages;
    client.topic('orders').on('order_changed', () => {});
    await expect
      .poll(() => client.connection.get())
      .toMatchObject({ state: 'closed', reason: 'unauthorized', retryAt: null, detail: { closeCode: 4403 } });
    expect(server.asked).toEqual(['wrong', 'wrong']);
    server.tokens.add('wrong');
    client.reconnect();
    await expect.poll(() => client.topic('orders').status.get().state).toBe('live');
  });
});

describe('Home Assistant', () => {
  test("the test's server is one to Home Assistant's own client", async () => {
    const server = await started(HomeAssistantServer.start());
    const url = `http://127.0.0.1:${server.port}`;
    await expect(createConnection({ auth: createLongLivedTokenAuth(url, 'stolen') })).rejects.toBe(2);
    const connection = await createConnection({ auth: createLongLivedTokenAuth(url, 'valid') });
    ends.push(async () => connection.close());
    const states = () => connection.sendMessagePromise({ type: 'get_states' });
    expect(await states()).toMatchObject([
      { entity_id: 'light.hall', state: 'off' },
      { entity_id: 'light.shed' },
    ]);
    const heard: unknown[] = [];
    const leave = await connection.subscribeEvents<{ data: object }>(
      ({ data }) => heard.push(data),
      'state_changed',
    );
    const turn = (entity: string) =>
      connection.sendMessagePromise({
        ...{ type: 'call_service', domain: 'homeassistant', service: 'turn_on' },
        target: { entity_id: entity },
      });
    await turn('light.hall');
    expect(heard).toMatchObject([{ entity_id: 'light.hall', new_state: { state: 'on' } }]);
    await expect(turn('light.none')).rejects.toMatchObject({ code: 'not_found' });
    await connection.ping();
    await leave();
    server.change('light.hall', 'off');
    await connection.ping();
    expect(heard).toHaveLength(1);
  });

  test('numbers count up in each connection, and what was removed meanwhile is gone', async () => {
    const server = await started(HomeAssistantServer.start());
    const { pages } = await opened('home-assistant', {
      url: `ws://127.0.0.1:${server.port}/api/websocket`,
      token: () => 'valid',
    });
    const [{ client }] = pages;
    const latest = client.topic('states').latest('entity');
    latest.subscribe(() => {});
    const shown = () => [...latest.get().values()].map(({ id, state }) => `${id} ${state}`);
    await expect.poll(shown).toEqual(['light.hall off', 'light.shed off']);
    const outcome = async (id: string) => (await client.send('turn', { id, to: 'on' })).outcome;
    expect(await outcome('light.hall')).toMatchObject({
      status: 'accepted',
      result: { context: { id: 'c' } },
    });
    expect(await outcome('light.none')).toMatchObject({ status: 'rejected', code: 'not_found' });
    await expect.poll(shown).toEqual(['light.hall on', 'light.shed off']);
    server.change('light.shed', null);
    await expect.poll(shown).toEqual(['light.hall on']);
    server.cut();
    server.states.delete('light.hall');
    server.states.set('light.door', 'on');
    await expect.poll(shown).toEqual(['light.door on']);
    expect(server.received.map(({ id }) => id ?? 'auth')).toEqual(['auth', 1, 2, 3, 4, 'auth', 1, 2]);
    expect(pages.flatMap(({ errors }) => errors)).toEqual([]);
  });

  test('a token that is refused pauses the line', async () => {
    const server = await started(HomeAssistantServer.start());
    const { pages } = await opened('home-assistant', {
      url: `ws://127.0.0.1:${server.port}/api/websocket`,
      token: () => 'stolen',
    });
    const [{ client }] = pages;
    client.topic('states').on('entity', () => {});
    await expect
      .poll(() => client.connection.get())
      .toMatchObject({ state: 'closed', reason: 'unauthorized', retryAt: null });
  });

  test('in a real browser two tabs share one line, and what is clicked without a server is done when it is back', async () => {
    const server = await HomeAssistantServer.start();
    const { port } = server;
    const app = join(folder, 'plain in a browser');
    writeFiles(filesForBundler('home-assistant', DOCUMENT), app, (text) =>
      text.replace('homeassistant.local:8123', `127.0.0.1:${port}`),
    );
    const site = await startSite(await buildWithVite({ app, folder: `${app} built` }), () => port);
    ends.push(() => site.close());
    const browser = await chromium.launch({ executablePath: chromiumPath(), args: CHROMIUM_ARGS });
    ends.push(() => browser.close());
    const context = await browser.newContext();
    await context.addInitScript(() => sessionStorage.setItem('token', 'valid'));
    const [one, two] = [await context.newPage(), await context.newPage()];
    for (const tab of [one, two]) {
      await tab.goto(site.origin);
      await tab.getByText('light.hall: off').waitFor();
    }
    expect(server.sockets).toBe(1);
    await server.stop();
    await expect.poll(() => one.title()).not.toBe('open');
    await one.getByText('light.hall: off').click();
    await one.reload();
    const again = await HomeAssistantServer.start(port);
    ends.push(() => again.stop());
    for (const tab of [one, two]) await tab.getByText('light.hall: on').waitFor();
    expect(again.sockets).toBe(1);
    expect(site.violations).toEqual([]);
  });
});
