/** What is told of a command, from `send` to its commit, by the real SDK: the client, the hub and the server's logic are real. */
import { context, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import * as z from 'zod/mini';
import { instrumentClient } from '../../../src/otel/index.ts';
import { defineProtocol } from '../../../src/protocol/index.ts';
import { type Handlers, Reject } from '../../../src/server/index.ts';
import { type CommandTelemetryOptions, instrumentCommands } from '../../../src/server/otel/index.ts';
import { createTestbed } from '../../../testing/index.ts';
import { telemetry } from '../../support/telemetry.ts';

const protocol = defineProtocol({
  app: 'ops',
  version: 1,
  events: { gate: { schema: z.object({ gate: z.string() }), key: ({ gate }) => gate } },
  commands: {
    decide: { schema: z.object({ gate: z.string() }), priority: 'high', dedupe: ({ gate }) => gate },
    note: { schema: z.object({ text: z.string() }) },
  },
});
type Ops = typeof protocol;
const TRACEPARENT = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';

beforeAll(() => {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
});
afterAll(() => {
  context.disable();
});

/** A testbed whose tabs and server are observed by one SDK. */
function scene({
  decide = () => {},
  note = () => {},
  ...options
}: Partial<Handlers<Ops>> & CommandTelemetryOptions = {}) {
  const told = telemetry();
  const given = { ...told.providers, ...options };
  const bed = createTestbed(protocol, { commands: instrumentCommands<Ops>({ decide, note }, given) });
  const observed = (tab = bed.openTab()) => ({ tab, client: instrumentClient(tab.client, given) });
  return { ...told, ...observed(), bed, observed, [Symbol.asyncDispose]: () => bed.close() };
}

describe('a command', () => {
  test('is a span of the page that sends it, one of the call of its handler, which is linked to that, and one of its commit', async () => {
    await using s = scene();
    const { id, outcome } = await s.client.send('decide', { gate: 'g' }, { topic: 'run' });
    expect(await outcome).toMatchObject({ status: 'accepted' });
    const [send, wait] = [s.span('send decide'), s.span('await decide')];
    const [process, commit] = [s.span('process decide'), s.span('commit decide')];
    expect(s.spans).toHaveLength(4);
    expect(send.kind).toBe(SpanKind.PRODUCER);
    expect(send.attributes).toEqual({
      'messaging.system': 'trunkline',
      'messaging.operation.name': 'send',
      'messaging.operation.type': 'send',
      'messaging.destination.name': 'decide',
      'trunkline.command.durable': true,
    });
    expect(wait.parentSpanContext?.spanId).toBe(send.spanContext().spanId);
    expect(wait.attributes).toEqual({
      'messaging.system': 'trunkline',
      'messaging.operation.name': 'await',
      'messaging.destination.name': 'decide',
      'trunkline.command.outcome': 'accepted',
    });
    expect(process.kind).toBe(SpanKind.CONSUMER);
    expect(process.parentSpanContext).toBeUndefined();
    expect(process.spanContext().traceId).not.toBe(send.spanContext().traceId);
    expect(process.links.map((link) => link.context)).toMatchObject([
      { traceId: send.spanContext().traceId, spanId: send.spanContext().spanId, isRemote: true },
    ]);
    expect(process.attributes).toEqual({
      'messaging.system': 'trunkline',
      'messaging.operation.name': 'process',
      'messaging.operation.type': 'process',
      'messaging.destination.name': 'decide',
      'trunkline.command.attempt': 1,
      'trunkline.handler.outcome': 'returned',
    });
    expect(commit.parentSpanContext?.spanId).toBe(process.spanContext().spanId);
    expect(commit.attributes).toEqual({
      'messaging.destination.name': 'decide',
      'trunkline.transaction.ending': 'committed',
    });
    for (const { status } of s.spans) expect(status.code).toBe(SpanStatusCode.UNSET);
    expect(await s.text()).not.toContain(id);
    expect(s.bed.errors).toEqual([]);
  });

  test('is one trace where that is asked for, under the span in which it was sent', async () => {
    await using s = scene({ sentBy: 'parent' });
    const tracer = s.providers.tracerProvider.getTracer('of the application');
    await tracer.startActiveSpan('click', async (click) => {
      await (await s.client.send('note', { text: 'x' })).outcome;
      click.end();
    });
    const [click, send, process] = ['click', 'send note', 'process note'].map(s.span);
    expect(send?.parentSpanContext?.spanId).toBe(click?.spanContext().spanId);
    expect(process?.parentSpanContext).toMatchObject({ spanId: send?.spanContext().spanId, isRemote: true });
    expect(new Set(s.spans.map((span) => span.spanContext().traceId)).size).toBe(1);
    expect(process?.links).toEqual([]);
  });

  test('is active while its handler runs, over whatever that awaits, and no longer', async () => {
    const active: (string | undefined)[] = [];
    const note = async () => {
      active.push(trace.getActiveSpan()?.spanContext().spanId);
      await new Promise((resolve) => setImmediate(resolve));
      active.push(trace.getActiveSpan()?.spanContext().spanId);
    };
    await using s = scene({ note });
    await (await s.client.send('note', { text: 'x' })).outcome;
    const { spanId } = s.span('process note').spanContext();
    expect(active).toEqual([spanId, spanId]);
    expect(trace.getActiveSpan()).toBeUndefined();
  });

  test('that was sent without a server stays of its trace over a reload, and the death of the worker', async () => {
    await using s = scene();
    await s.bed.server.stop();
    const { durable } = await s.client.send('decide', { gate: 'g' });
    expect(durable).toBe(true);
    const tab = await s.tab.reload();
    tab.client.outbox.subscribe(() => {});
    await s.bed.worker.kill();
    await s.bed.advance(60 * 60_000);
    await s.bed.server.start();
    await s.bed.advance(60_000);
    expect(tab.client.outbox.get()).toEqual([]);
    expect(s.spans.map(({ name }) => name)).toEqual(['send decide', 'process decide', 'commit decide']);
    expect(s.span('process decide').links[0]?.context.spanId).toBe(
      s.span('send decide').spanContext().spanId,
    );
  });

  test('that was lost on its way comes again in the same trace, as its second attempt', async () => {
    await using s = scene();
    await (await s.client.send('decide', { gate: 'g' })).outcome;
    await s.bed.server.vanish();
    const { outcome } = await s.client.send('note', { text: 'x' });
    await s.bed.advance(120_000);
    expect(await outcome).toMatchObject({ status: 'accepted' });
    const process = s.span('process note');
    expect(process.attributes['trunkline.command.attempt']).toBe(2);
    expect(process.links[0]?.context.spanId).toBe(s.span('send note').spanContext().spanId);
  });

  test('of which the application knows the trace already keeps that; its own span is linked to it', async () => {
    const seen: (string | null)[] = [];
    await using s = scene({
      note: (_, { traceparent }) => {
        seen.push(traceparent);
      },
    });
    await (await s.client.send('note', { text: 'x' }, { traceparent: TRACEPARENT })).outcome;
    await (await s.client.send('note', { text: 'x' }, { traceparent: 'none' })).outcome;
    expect(seen).toEqual([TRACEPARENT, null]);
    const links = s.spans.filter(({ name }) => name === 'send note').map((span) => span.links);
    expect(links).toMatchObject([[{ context: { spanId: 'b7ad6b7169203331', traceFlags: 1 } }], []]);
  });

  test('is of no trace where no SDK is registered, and all goes on as it would', async () => {
    const seen: (string | null)[] = [];
    const commands = instrumentCommands<Ops>({
      decide: () => {},
      note: (_, { traceparent }) => {
        seen.push(traceparent);
      },
    });
    await using bed = createTestbed(protocol, { commands });
    const client = instrumentClient(bed.openTab().client);
    expect(await (await client.send('note', { text: 'x' })).outcome).toMatchObject({ status: 'accepted' });
    expect(seen).toEqual([null]);
  });
});

describe('what goes wrong', () => {
  test('in `send` is told by its code', async () => {
    await using s = scene();
    await s.bed.server.stop();
    await s.client.send('decide', { gate: 'secret' });
    await expect(s.client.send('decide', { gate: 'secret' })).rejects.toMatchObject({
      code: 'duplicate_command',
    });
    const [, refused] = s.spans;
    expect(refused).toMatchObject({
      name: 'send decide',
      status: { code: SpanStatusCode.ERROR },
      attributes: { 'error.type': 'duplicate_command' },
    });
    expect(await s.value('messaging.client.operation.duration', { 'error.type': 'duplicate_command' })).toBe(
      1,
    );
  });

  test('in a handler is told by its name, at each call; a refusal by its code', async () => {
    const errors: Error[] = [
      new Reject('busy', 'later', { retry: true, retryAfterMs: 10 }),
      new RangeError('secret'),
    ];
    await using s = scene({
      decide() {
        const error = errors.shift();
        if (error) throw error;
        throw new Reject('too_late', 'secret');
      },
    });
    const { outcome } = await s.client.send('decide', { gate: 'g' });
    await s.bed.advance(60_000);
    expect(await outcome).toMatchObject({ status: 'rejected', code: 'too_late' });
    const calls = s.spans.filter(({ name }) => name === 'process decide');
    expect(calls).toMatchObject([
      { attributes: { 'trunkline.handler.outcome': 'deferred', 'trunkline.refusal.code': 'busy' } },
      {
        attributes: { 'trunkline.handler.outcome': 'failed', 'error.type': 'RangeError' },
        status: { code: SpanStatusCode.ERROR },
      },
      { attributes: { 'trunkline.handler.outcome': 'rejected', 'trunkline.refusal.code': 'too_late' } },
    ]);
    expect(calls.map(({ status }) => status.code)).toEqual([
      SpanStatusCode.UNSET,
      SpanStatusCode.ERROR,
      SpanStatusCode.UNSET,
    ]);
    expect(s.spans.filter(({ name }) => name === 'commit decide')).toEqual([]);
    expect(s.span('await decide')).toMatchObject({
      attributes: { 'trunkline.command.outcome': 'rejected', 'error.type': 'too_late' },
      status: { code: SpanStatusCode.ERROR },
    });
    expect(await s.text()).not.toContain('secret');
    const failed = { 'trunkline.handler.outcome': 'failed', 'error.type': 'RangeError' };
    expect(await s.value('messaging.process.duration', failed)).toBe(1);
    expect(await s.value('messaging.client.consumed.messages')).toBe(3);
  });

  test('as a handler that never returns is told when nobody waits for it any more', async () => {
    await using s = scene({ note: () => new Promise<void>(() => {}) });
    await s.client.send('note', { text: 'x' });
    await s.bed.advance(600_000);
    const calls = s.spans.filter(({ name }) => name === 'process note');
    expect(calls.length).toBeGreaterThan(1);
    for (const { attributes } of calls)
      expect(attributes).toMatchObject({ 'trunkline.handler.outcome': 'failed', 'error.type': 'timeout' });
    expect(s.spans.filter(({ name }) => name === 'commit note')).toEqual([]);
  });

  test('as what a handler expects of the log is not so is a commit that was rolled back', async () => {
    let calls = 0;
    await using s = scene({
      decide({ gate }, { expect: expectOf, publish }) {
        calls += 1;
        if (calls === 1) expectOf('run', gate, 7);
        publish('run', { type: 'gate', gate });
      },
    });
    await (await s.client.send('decide', { gate: 'g' })).outcome;
    const endings = s.spans.filter(({ name }) => name === 'commit decide');
    expect(endings.map(({ attributes }) => attributes['trunkline.transaction.ending'])).toEqual([
      'rolled_back',
      'committed',
    ]);
    expect(s.spans.filter(({ name }) => name === 'process decide')).toHaveLength(2);
  });
});

test('nothing of what was sent, where, or by whom is told; the id where that is asked for', async () => {
  for (const recordIds of [false, true]) {
    await using s = scene({ recordIds });
    const { id, outcome } = await s.client.send('decide', { gate: 'secret gate' }, { topic: 'secret topic' });
    await outcome;
    const text = await s.text();
    expect(text).not.toContain('secret');
    expect(text).not.toContain('anonymous');
    const ids = s.spans.map(({ attributes }) => attributes['messaging.message.id']);
    expect(ids.filter((known) => known !== undefined)).toEqual(
      recordIds ? expect.arrayContaining([id, id]) : [],
    );
    expect(JSON.stringify(await s.metrics())).not.toContain(id);
  }
});

test('how long things took is told for each type, and how they came out', async () => {
  await using s = scene();
  await (await s.client.send('note', { text: 'x' })).outcome;
  await (await s.client.send('note', { text: 'y' })).outcome;
  await (await s.client.send('decide', { gate: 'g' })).outcome;
  const note = { 'messaging.destination.name': 'note' };
  for (const [name, more] of [
    ['messaging.client.operation.duration', { 'messaging.operation.name': 'send' }],
    ['trunkline.command.duration', { 'trunkline.command.outcome': 'accepted' }],
    ['messaging.process.duration', { 'trunkline.handler.outcome': 'returned' }],
    ['messaging.client.consumed.messages', {}],
  ] as const)
    expect(await s.value(name, { ...note, ...more }), name).toBe(2);
});
