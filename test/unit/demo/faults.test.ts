import { request } from 'node:http';
import { expect, test } from 'vitest';
import { runTopic } from '../../../demo/engine/protocol.ts';
import { connectOperator } from './support/operator.ts';
import { eventually, operate, serve, sourceOf, temporaryFolder } from './support/workshop.ts';

const idle = () => sourceOf('idle', [{ id: 'gate', gate: { title: 'Well?' } }]);

async function post(
  server: { url: string },
  path: string,
  body: unknown,
  headers: Record<string, string> = {},
): Promise<{ status: number; body: unknown }> {
  const response = await fetch(`${server.url}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', origin: server.url, ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
  return { status: response.status, body: await response.json() };
}
const get = async (server: { url: string }, path: string) =>
  await (await fetch(`${server.url}${path}`)).json();

test('a cut line ends connections without a word, and refuses new ones, until it is mended', async () => {
  const server = await serve([idle()]);
  const ada = await operate(server);
  expect(await post(server, '/faults/cut', { seconds: 60 })).toMatchObject({
    status: 200,
    body: { line: { is: 'cut' }, restarting: false, floods: 0 },
  });
  expect(await ada.closed).toBe(1006);
  await expect(connectOperator(server.url)).rejects.toThrow();
  await post(server, '/faults/mend', {});
  await operate(server);
});

test('where the pages are gone with the line, nothing is served until its time is over', async () => {
  const server = await serve([idle()]);
  await post(server, '/faults/cut', { seconds: 0.5, pages: true });
  await expect(get(server, '/faults')).rejects.toThrow();
  await expect.poll(() => get(server, '/faults').catch(() => null)).toMatchObject({ line: { is: 'whole' } });
});

test('a cut line is whole again after its time', async () => {
  const server = await serve([idle()]);
  await post(server, '/faults/cut', { seconds: 0.2 });
  await eventually(async () => (await get(server, '/faults')).line.is === 'whole');
  await operate(server);
});

test('through a half-open line nothing passes, either way, while connections stay', async () => {
  const server = await serve([idle()]);
  const ada = await operate(server);
  const runId = await ada.start('idle');
  const gate = await ada.until('human_gate_waiting');
  await post(server, '/faults/half-open', { seconds: 60 });
  ada.forget();
  const decided = ada.send({ type: 'human_decision', runId, gateId: gate.gateId, verdict: 'approve' });
  const late = connectOperator(server.url, 'Late');
  await server.start('idle');
  await new Promise((resolve) => setTimeout(resolve, 300));
  expect(ada.told).toEqual([]);
  expect(ada.isOpen).toBe(true);
  await post(server, '/faults/mend', {});
  expect(await decided).toMatchObject({ type: 'command_ack' });
  await ada.until('run_state', (run) => run.runId === runId && run.state === 'succeeded');
  (await late).destroy();
});

test('a half-open connection stays open although the server has given it up', async () => {
  const server = await serve([idle()]);
  const ada = await operate(server);
  await post(server, '/faults/half-open', { seconds: 60 });
  await server.restart('soft');
  expect(ada.isOpen).toBe(true);
  await post(server, '/faults/mend', {});
  expect(await ada.closed).toBe(1012);
  await operate(server);
});

test.each(['soft', 'hard'])('a %s restart takes the server away and brings it back', async (kind) => {
  const server = await serve([idle()]);
  const ada = await operate(server);
  const runId = await ada.start('idle');
  const told = await post(server, '/faults/restart', { kind, seconds: 0.5 });
  expect(told).toMatchObject({ status: 200, body: { restarting: true } });
  await ada.closed;
  await expect(connectOperator(server.url)).rejects.toThrow();
  await eventually(async () => !(await get(server, '/faults')).restarting);
  const again = await operate(server);
  await again.until('run_state', (run) => run.runId === runId);
});

test('a flood comes at the rate asked for, beside the state of the run, and leaves nothing behind', async () => {
  const server = await serve([idle()]);
  const ada = await operate(server);
  const runId = await ada.start('idle');
  await ada.until('run_state', ({ state }) => state === 'waiting');
  await post(server, '/faults/flood', { runId, perSecond: 2_000, seconds: 1 });
  await eventually(async () => (await get(server, '/faults')).floods === 0);
  await eventually(() => ada.events('flood').filter(({ over }) => over).length === 50);
  const flood = ada.events('flood').filter(({ over }) => !over);
  expect(flood.map(({ n }) => n)).toEqual(Array.from({ length: 2_000 }, (_, index) => index + 1));
  const spanMs = (flood.at(-1)?.at ?? 0) - (flood[0]?.at ?? 0);
  expect(spanMs).toBeGreaterThan(900);
  const bob = await operate(server);
  bob.watch(runTopic(runId));
  await bob.until('node_state');
  expect(bob.events('flood')).toEqual([]);
});

test('only the page itself may cause faults and report errors', async () => {
  const server = await serve([idle()]);
  const cut = { seconds: 1 };
  expect(await post(server, '/faults/cut', cut, { origin: 'http://evil.example' })).toMatchObject({
    status: 403,
  });
  expect(await post(server, '/faults/cut', cut, { 'content-type': 'text/plain' })).toMatchObject({
    status: 415,
  });
  expect(await post(server, '/faults/cut', '{')).toMatchObject({ status: 400 });
  expect(await post(server, '/faults/cut', {})).toMatchObject({ status: 400 });
  expect(await post(server, '/faults/cut', { seconds: 1e9 })).toMatchObject({ status: 400 });
  expect(await post(server, '/faults/quake', {})).toMatchObject({ status: 404 });
  expect(await post(server, '/errors', { message: 'x'.repeat(50_000) })).toMatchObject({ status: 413 });
  expect(await get(server, '/faults')).toEqual({ line: { is: 'whole' }, restarting: false, floods: 0 });
});

test('errors that a page reports are kept, over a restart, the newest first', async () => {
  const dataFolder = temporaryFolder();
  const server = await serve([idle()], { dataFolder });
  expect(await get(server, '/errors')).toEqual([]);
  await post(server, '/errors', { message: 'first', runId: 'r' });
  await post(server, '/errors', { message: 'second', stack: 'at here' });
  await server.restart('soft');
  expect(await get(server, '/errors')).toEqual([
    { at: expect.any(Number), from: 'page', message: 'second', stack: 'at here' },
    { at: expect.any(Number), from: 'page', message: 'first', runId: 'r' },
  ]);
});

test('the page is served under a strict policy, to this machine alone', async () => {
  const server = await serve([idle()], {
    site: new Map([
      ['/', '<!doctype html>'],
      ['/a.js', 'a'],
    ]),
  });
  const page = await fetch(server.url);
  expect(await page.text()).toBe('<!doctype html>');
  expect(page.headers.get('content-security-policy')).toContain("default-src 'none'; script-src 'self'");
  expect((await fetch(`${server.url}/a.js`)).headers.get('content-type')).toContain('text/javascript');
  expect((await fetch(`${server.url}/b.js`)).status).toBe(404);
  const { port } = new URL(server.url);
  const status = await new Promise((resolve) => {
    request({ port, host: '127.0.0.1', headers: { host: 'evil.example' } }, (response) => {
      response.resume();
      resolve(response.statusCode);
    }).end();
  });
  expect(status).toBe(403);
});
