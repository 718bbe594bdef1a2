/** `docs/telemetry.md` against what OpenTelemetry's own SDK was told. */
import { readFileSync } from 'node:fs';
import { SpanKind } from '@opentelemetry/api';
import { DataPointType } from '@opentelemetry/sdk-metrics';
import * as conventions from '@opentelemetry/semantic-conventions/incubating';
import { expect, test } from 'vitest';
import { instrumentClient, observeHub } from '../../../src/otel/index.ts';
import { Reject } from '../../../src/server/index.ts';
import { instrumentCommands, observeServer } from '../../../src/server/otel/index.ts';
import { createTestbed } from '../../../testing/index.ts';
import { telemetry } from '../../support/telemetry.ts';
import { ops } from '../server/support/protocol.ts';
import { world } from '../server/support/worlds.ts';

const document = readFileSync(new URL('../../../docs/telemetry.md', import.meta.url), 'utf8');
type Row = readonly string[];
/** The rows of all tables whose first column is headed so, without backticks. */
function tables(head: string): Row[] {
  const blocks = document.matchAll(/^\| (\w+) \|.*\n\|[-|]+\n((?:\|.*\n)+)/gm);
  return [...blocks]
    .filter(([, first]) => first === head)
    .flatMap(([, , rows = '']) => rows.trimEnd().split('\n'))
    .map((row) =>
      row
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim().replaceAll('`', '')),
    );
}

const INSTRUMENTS = {
  [DataPointType.HISTOGRAM]: () => 'histogram',
  [DataPointType.EXPONENTIAL_HISTOGRAM]: () => 'histogram',
  [DataPointType.GAUGE]: () => 'gauge',
  [DataPointType.SUM]: (only: boolean) => (only ? 'counter' : 'up-down counter'),
};
const spanKinds: Record<SpanKind, string> = {
  [SpanKind.INTERNAL]: 'internal',
  [SpanKind.PRODUCER]: 'producer',
  [SpanKind.CONSUMER]: 'consumer',
  [SpanKind.CLIENT]: 'client',
  [SpanKind.SERVER]: 'server',
};

/** Commands that come out in each way there is, a hub with a topic, and a server with a client that breaks the protocol. */
async function tellAll() {
  const told = telemetry();
  const options = { ...told.providers, recordIds: true };
  let failures = 0;
  const commands = instrumentCommands<typeof ops>(
    {
      decide: ({ gate }) => {
        if (gate === 'no') throw new Reject('not_waiting', 'Nobody asked.');
        if (failures++ === 0) throw new RangeError('it failed');
        return { resumed: true };
      },
      note: () => {},
    },
    options,
  );
  await using bed = createTestbed(ops, { commands });
  const { client: bare } = bed.openTab();
  const client = instrumentClient(bare, options);
  const stopHub = observeHub(bare, options);
  client.topic('run').on('log', () => {});
  const receipts = [await client.send('decide', { gate: 'no' }), await client.send('decide', { gate: 'g' })];
  await bed.advance(60_000);
  for (const { outcome } of receipts) await outcome;
  // @ts-expect-error What breaks its schema.
  await expect(client.send('note', { text: 1 })).rejects.toMatchObject({ code: 'invalid_command' });
  const running = await world();
  const stopServer = observeServer(running.server, options);
  (await running.join()).socket.send('no frame');
  await expect.poll(() => running.server.stats().goodbyes).toEqual({ bad_frame: 1 });
  const metrics = await told.metrics();
  stopHub();
  stopServer();
  return { spans: told.spans, metrics };
}

test('the tables say which spans and metrics there are, with which attributes, and nothing else', async () => {
  const { spans, metrics } = await tellAll();
  const operation = (name: string) => name.split(' ')[0] ?? '';
  expect(tables('span').map(([name = '', kind]) => [operation(name), kind])).toEqual(
    ['send', 'await', 'process', 'commit'].map((name) => [
      name,
      spanKinds[spans.find((span) => operation(span.name) === name)?.kind ?? SpanKind.CLIENT],
    ]),
  );
  const names = [...new Set(spans.map(({ name }) => operation(name)))];
  const attributes = new Map<string, Set<string>>();
  for (const span of spans) {
    for (const attribute of Object.keys(span.attributes)) {
      attributes.set(attribute, (attributes.get(attribute) ?? new Set()).add(operation(span.name)));
    }
  }
  const documented = tables('attribute').map(([attribute = '', of = '']) => [
    attribute,
    of === 'all' ? [...names].sort() : of.split(', ').sort(),
  ]);
  expect(Object.fromEntries(documented)).toEqual(
    Object.fromEntries([...attributes].map(([attribute, of]) => [attribute, [...of].sort()])),
  );
  const written = tables('metric').map(([name, instrument, unit, meaning, labels = '']) => [
    name,
    { instrument, unit, meaning, labels: labels === '' ? [] : labels.split(', ').sort() },
  ]);
  const observed = metrics.map((metric) => [
    metric.descriptor.name,
    {
      instrument: INSTRUMENTS[metric.dataPointType]('isMonotonic' in metric && metric.isMonotonic === true),
      unit: metric.descriptor.unit,
      meaning: metric.descriptor.description,
      labels: [...new Set(metric.dataPoints.flatMap((point) => Object.keys(point.attributes)))].sort(),
    },
  ]);
  expect(Object.fromEntries(written)).toEqual(Object.fromEntries(observed));
  expect(written).toHaveLength(observed.length);
});

test('what the semantic conventions have a name for is called so', () => {
  const known: unknown[] = Object.values(conventions);
  const all = [...tables('attribute'), ...tables('metric')].flatMap(([name = '', , , , labels = '']) => [
    name,
    ...labels.split(', '),
  ]);
  const theirs = [...new Set(all)].filter((name) => name !== '' && !name.startsWith('trunkline.'));
  expect(theirs.length).toBeGreaterThan(5);
  expect(theirs.filter((name) => !known.includes(name))).toEqual([]);
});
