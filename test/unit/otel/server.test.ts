/** What a server counts, as OpenTelemetry's own SDK is told it: a real server, and clients that speak the wire. */
import { expect, test } from 'vitest';
import { memoryLog } from '../../../src/server/index.ts';
import { instrumentCommands, observeServer } from '../../../src/server/otel/index.ts';
import { telemetry } from '../../support/telemetry.ts';
import type { Ops } from '../server/support/protocol.ts';
import { world } from '../server/support/worlds.ts';

const TRACEPARENT = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';

test('a server tells what it has counted, and how it stands, until that is ended', async () => {
  const told = telemetry();
  const running = await world();
  const stop = observeServer(running.server, told.providers);
  const client = await running.join();
  const other = await running.join();
  client.command({ type: 'note', text: 'x' });
  await client.next('command_ack');
  client.command({ type: 'note', text: 1 });
  await client.next('command_nack');
  other.socket.close();
  await expect.poll(() => told.value('trunkline.server.connection.count')).toBe(1);
  expect(await told.value('trunkline.server.connection.opened')).toBe(2);
  const answered = (outcome: string) =>
    told.value('trunkline.server.command.answered', { 'trunkline.answer.outcome': outcome });
  expect([await answered('accepted'), await answered('rejected'), await answered('duplicate')]).toEqual([
    1, 1, 0,
  ]);
  const state = (name: string) => told.value('trunkline.server.status', { 'trunkline.server.state': name });
  expect([await state('ready'), await state('draining')]).toEqual([1, 0]);
  const { framesIn, framesOut } = running.server.stats();
  const frames = (direction: string) =>
    told.value('trunkline.server.frames', { 'network.io.direction': direction });
  expect([await frames('receive'), await frames('transmit')]).toEqual([framesIn, framesOut]);
  stop();
  client.command({ type: 'note', text: 'y' });
  await client.next('command_ack');
  expect([running.server.stats().commands.accepted, await answered('accepted')]).toEqual([2, 1]);
});

test('a traceparent that is none, or a hostile one, is a command as any other, with no link', async () => {
  const told = telemetry();
  const commands = { decide: () => ({ resumed: true }), note: () => {} };
  const running = await world({ commands: instrumentCommands<Ops>(commands, told.providers) });
  const client = await running.join();
  for (const traceparent of [TRACEPARENT, 'x'.repeat(100_000), `00-${'0'.repeat(32)}-${'0'.repeat(16)}-01`])
    client.command({ type: 'note', text: 'x' }, { traceparent });
  await client.take('command_ack', 3);
  const links = told.spans.filter(({ name }) => name === 'process note').map((span) => span.links.length);
  expect(links).toEqual([1, 0, 0]);
});

test('where the log cannot tell how a transaction came out, there is no span of its commit', async () => {
  const told = telemetry();
  const log = memoryLog();
  const away = async () => {
    throw new Error('the log is away');
  };
  const note = () => {
    log.commit = away;
    log.recall = away;
  };
  const decide = () => ({ resumed: true });
  const running = await world({ log, commands: instrumentCommands<Ops>({ decide, note }, told.providers) });
  const client = await running.join();
  client.command({ type: 'note', text: 'x' });
  expect(await client.next('command_nack')).toMatchObject({ code: 'unavailable', retry: true });
  expect(told.spans.map(({ name }) => name)).toEqual(['process note']);
});
