/** What a page tells OpenTelemetry's own SDK, with real hubs, IndexedDB and locks. */
import { context, trace } from '@opentelemetry/api';
import { StackContextManager } from '@opentelemetry/sdk-trace';
import { afterAll, beforeAll, beforeEach, expect, inject, it } from 'vitest';
import { instrumentClient, observeHub } from '../../../src/otel/index.ts';
import { telemetry } from '../../support/telemetry.ts';
import { clientHere, clientInTab, ownHub, sharedHub } from '../client/support/tab.ts';
import { TestRoom } from '../worker/support/room.ts';

beforeAll(() => {
  context.setGlobalContextManager(new StackContextManager().enable());
});
afterAll(() => {
  context.disable();
});

let room: TestRoom;
let wish: { url: string; identity: string };
beforeEach(async () => {
  room = await TestRoom.enter();
  wish = { url: room.url('/trunk'), identity: crypto.randomUUID() };
});

const commands = () => room.seen.filter(({ type }) => type === 'command');

it('sends the context of the span that is active, with each command over the shared socket', async () => {
  const told = telemetry();
  const hub = crypto.randomUUID();
  const client = instrumentClient(clientHere({ ...wish, worker: () => sharedHub(hub) }), told.providers);
  const tracer = told.providers.tracerProvider.getTracer('of the application');
  const receipts = ['a', 'b'].map((gate) =>
    tracer.startActiveSpan(`click ${gate}`, async (click) => {
      const receipt = await client.send('approve', { gate });
      click.end();
      return receipt;
    }),
  );
  for (const receipt of await Promise.all(receipts))
    expect(await receipt.outcome).toMatchObject({ status: 'accepted' });
  const sent = told.spans.filter(({ name }) => name === 'send approve');
  expect(commands().map(({ traceparent }) => traceparent)).toEqual(
    sent.map((span) => `00-${span.spanContext().traceId}-${span.spanContext().spanId}-01`),
  );
  expect(sent.map(({ parentSpanContext }) => parentSpanContext?.spanId)).toEqual(
    ['click a', 'click b'].map((name) => told.span(name).spanContext().spanId),
  );
  await expect.poll(() => told.spans.filter(({ name }) => name === 'await approve').length).toBe(2);
  expect(trace.getActiveSpan()).toBeUndefined();
});

it('has the context lie on the device with the command: the next page and its worker send it', async () => {
  const told = telemetry();
  const worker = ownHub();
  const offline = clientHere({ ...wish, url: inject('nobody'), worker: () => worker });
  const { durable } = await instrumentClient(offline, told.providers).send('approve', { gate: 'g' });
  expect(durable).toBe(true);
  worker.terminate();
  await offline.close();
  const { client } = await clientInTab(crypto.randomUUID(), wish);
  client.outbox.subscribe(() => {});
  await expect.poll(() => commands()).toHaveLength(1);
  const { traceId, spanId } = told.span('send approve').spanContext();
  expect(commands()).toMatchObject([{ traceparent: `00-${traceId}-${spanId}-01` }]);
  expect(told.spans.map(({ name }) => name)).toEqual(['send approve']);
});

it('tells of the hub by one tab, and by another one once that has gone', async () => {
  const [one, other] = [telemetry(), telemetry()];
  const hub = crypto.randomUUID();
  const clients = [1, 2].map(() => clientHere({ ...wish, worker: () => sharedHub(hub) }));
  const [stopOne, stopOther] = [one, other].map((told, index) => {
    const client = clients[index];
    if (!client) throw new Error('there are two');
    return observeHub(client, told.providers);
  });
  const tabs = 'trunkline.hub.tabs';
  // Nothing is started for it.
  expect(await one.metrics()).toEqual([]);
  for (const client of clients)
    client
      .topic('run')
      .latest('node')
      .subscribe(() => {});
  for (const client of clients) await expect.poll(() => client.connection.get().state).toBe('open');
  expect(await one.value(tabs, { 'trunkline.tab.credit': 'ready' })).toBe(2);
  expect(await other.metrics()).toEqual([]);
  expect(await one.value('trunkline.hub.connection.status', { 'trunkline.connection.state': 'open' })).toBe(
    1,
  );
  expect(await one.value('trunkline.hub.connection.status', { 'trunkline.connection.state': 'closed' })).toBe(
    0,
  );
  room.publish('run', 'a', { type: 'node', id: 'a', state: 'done' });
  await expect.poll(() => one.value('trunkline.hub.event.received')).toBe(1);
  stopOne?.();
  room.publish('run', 'b', { type: 'node', id: 'b', state: 'done' });
  await expect.poll(() => other.value('trunkline.hub.event.received')).toBe(2);
  expect(await one.value('trunkline.hub.event.received')).toBe(1);
  window.dispatchEvent(new PageTransitionEvent('pagehide', { persisted: true }));
  const telling = async () => {
    const { held = [] } = await navigator.locks.query();
    return held.filter(({ name }) => name?.includes('telling'));
  };
  await expect.poll(telling).toEqual([]);
  stopOther?.();
});
