import { test as base, expect, type LabTab } from './harness/lab.ts';
import { type Manner, type RawServer, startRawServer } from './harness/raw-server.ts';

/** Beyond the 16 MiB that the hub takes. */
const HUGE_CHARACTERS = 17 * 1_024 * 1_024;

const test = base.extend<{ raw: RawServer }>({
  // biome-ignore lint/correctness/noEmptyPattern: Playwright reads from the pattern what a fixture depends on
  raw: async ({}, use) => {
    const raw = await startRawServer();
    await use(raw);
    await raw.close();
  },
  socketPort: async ({ raw }, use) => {
    await use(() => raw.port);
  },
});

const lines = async (tab: LabTab) =>
  (await tab.heard()).map(({ event }) => (event.type === 'line' ? event.text : event.type));

test('whatever a server says, the connection and the page live on, and each kind of fault is counted, and told once', async ({
  open,
  raw,
}) => {
  const tab = await open();
  await tab.hears('run');
  raw.event({ type: 'line', text: 'first' });
  await expect.poll(() => lines(tab)).toEqual(['first']);

  const malformed = [
    '{"type":"event"',
    '',
    'null',
    '"event"',
    '17',
    '[null,[],{}]',
    '{"type":7}',
    '{"no":"type"}',
    '{"type":"event","topic":"run","offset":"2","ts":1,"event":{"type":"line","text":"a string for a number"}}',
    '{"type":"event","topic":"run","offset":-2,"ts":1,"event":{"type":"line","text":"negative"}}',
    '{"type":"event","topic":"run","offset":1.5,"ts":1,"event":{"type":"line","text":"broken"}}',
    '{"type":"event","topic":"run","offset":2,"ts":1,"event":"line"}',
    '{"type":"event","topic":"run","offset":2,"ts":1,"event":{"text":"without a type"}}',
    '{"type":"snapshot","topic":"run"}',
    '{"type":"subscribed","topic":["run"],"ref":1,"epoch":"e","offset":0,"recovered":false}',
    '{"type":"command_ack","id":{}}',
    '{"type":"goodbye"}',
    '{"type":"pong","id":"1"}',
    Buffer.from('{"type":"pong","id":1}'),
  ];
  for (const message of malformed) raw.say(message);
  const unknown = ['{"type":"of_a_later_version"}', '{"type":"__proto__"}', '{"type":"constructor"}'];
  for (const message of unknown) raw.say(message);
  raw.say(JSON.stringify({ type: 'event', padding: 'x'.repeat(HUGE_CHARACTERS) }));
  // Of topics that nobody asked for, of commands that nobody sent, a second handshake.
  raw.say('{"type":"event","topic":"elsewhere","offset":1,"ts":1,"event":{"type":"line","text":"?"}}');
  raw.say('{"type":"command_ack","id":"never sent"}');
  raw.say('{"type":"welcome","session":"t","principal":"q","server_time":1,"dedupe_since":1}');
  raw.event({ type: 'line', text: 7 });
  raw.event({ type: 'line' });
  raw.event({ type: 'gate', gateId: 'a', state: 'ajar' }, { ack: true });
  raw.event({ type: 'line', text: 'last' });

  await expect.poll(() => lines(tab)).toEqual(['first', 'last']);
  const { counts, sockets, topics } = await tab.inspect();
  // `[null,[],{}]` has three of them.
  expect(counts).toMatchObject({
    malformedFrames: malformed.length + 2,
    unknownFrames: unknown.length,
    oversizedMessages: 1,
    invalidEvents: 3,
    holes: 0,
  });
  expect(sockets).toMatchObject({ opened: 1, live: 1 });
  expect(topics).toMatchObject([{ name: 'run', status: { state: 'live', offset: 5 } }]);
  // A critical event that nobody can read is not repeated for ever.
  const acks = raw.received.filter(({ type }) => type === 'ack');
  expect(acks).toEqual([
    { type: 'ack', topic: 'run', epoch: 'e', offsets: [], failed: [{ offset: 4, code: 'invalid_event' }] },
  ]);
  const errors = await tab.errors();
  const told = (pattern: RegExp) => errors.filter((error) => pattern.test(error)).length;
  expect(told(/^too_large: /)).toBe(1);
  expect(told(/event line/)).toBe(1);
  expect(told(/event gate/)).toBe(1);
  expect(told(/frame of type "event"/)).toBe(1);
  // What is not JSON, what has no type, and what is binary.
  expect(told(/a message that is malformed/)).toBe(3);
  expect(errors).toEqual([...new Set(errors)]);

  const { id } = await tab.note('still here');
  await expect.poll(() => tab.settled()).toEqual([{ id, outcome: { status: 'accepted', duplicate: false } }]);
});

test('events of a type that the page does not know are skipped and counted, told once, and leave no hole', async ({
  open,
  raw,
}) => {
  const tabs = [await open(), await open()] as const;
  for (const tab of tabs) await tab.hears('run');

  raw.event({ type: 'line', text: 'first' });
  for (let i = 0; i < 3; i++) raw.event({ type: 'of_a_later_version', key: i });
  raw.event({ type: 'hasOwnProperty' });
  raw.event({ type: 'line', text: 'last' });

  for (const tab of tabs) await expect.poll(() => lines(tab)).toEqual(['first', 'last']);
  const { counts, topics } = await tabs[0].inspect();
  expect(counts).toMatchObject({ unknownEvents: 4, holes: 0, malformedFrames: 0 });
  expect(topics).toMatchObject([{ status: { state: 'live', offset: 6 } }]);
  // Each goes to one of the tabs, whichever is ready for it.
  const errors = async () => (await Promise.all(tabs.map((tab) => tab.errors()))).flat().sort();
  await expect
    .poll(errors)
    .toEqual([
      expect.stringMatching(/^invalid_event: .*"hasOwnProperty"/),
      expect.stringMatching(/^invalid_event: .*"of_a_later_version"/),
    ]);
});

/** Few of them in one page: Chromium lets the next WebSocket wait the longer, the more have failed (up to 5 s). */
const HANDSHAKES: readonly { what: string; reason: 'network' | 'timeout'; manners: readonly Manner[] }[] = [
  {
    what: 'answers the handshake with garbage, an error, or without the subprotocol',
    reason: 'network',
    manners: ['garbage', 'refused', 'no_subprotocol'],
  },
  {
    what: 'never answers the handshake, or never says welcome, or says nonsense instead',
    reason: 'timeout',
    manners: ['silent', 'no_welcome', 'nonsense'],
  },
];
for (const { what, reason, manners } of HANDSHAKES) {
  test(`a server that ${what} is tried again, and a proper one works without a reload`, async ({
    open,
    raw,
  }) => {
    raw.become('refused');
    const tab = await open();
    const { id, durable } = await tab.note('waits for a proper one');
    expect(durable).toBe(true);
    for (const manner of manners) {
      await test.step(manner, async () => {
        raw.become(manner);
        const before = raw.connections();
        await expect.poll(raw.connections).toBeGreaterThan(before);
        await tab.is(reason);
        expect((await tab.inspect()).sockets.live).toBeLessThanOrEqual(1);
        expect(await tab.outbox()).toEqual(['note queued']);
      });
    }
    expect(raw.received.filter(({ type }) => type !== 'hello')).toEqual([]);

    raw.become('proper');

    await tab.is('open');
    await expect
      .poll(() => tab.settled())
      .toEqual([{ id, outcome: { status: 'accepted', duplicate: false } }]);
    raw.event({ type: 'line', text: 'all is well' });
    await expect.poll(() => lines(tab)).toEqual(['all is well']);
  });
}

test('a command that breaks its schema, or JSON, or every limit, is refused to the page and never leaves it', async ({
  open,
  raw,
}) => {
  const tab = await open();
  await tab.is('open');
  const codes = await tab.page.evaluate(async () => {
    const payloads: unknown[] = [
      {},
      { text: 7 },
      { text: null },
      { text: 'a', more: () => {} },
      { text: 'a', at: new Date() },
      { text: 'x'.repeat(2 * 1_024 * 1_024) },
    ];
    const found: unknown[] = [];
    for (const payload of payloads) {
      const sent = window.lab.client.send('note', payload as { text: string });
      found.push(
        await sent.then(
          () => 'sent',
          (error) => error.code,
        ),
      );
    }
    return found;
  });
  expect(codes).toEqual([...Array(5).fill('invalid_command'), 'too_large']);
  expect(await tab.outbox()).toEqual([]);
  await tab.note('a proper one');
  await expect.poll(() => tab.settled()).toHaveLength(1);
  expect(raw.received.filter(({ type }) => type === 'command')).toHaveLength(1);
});
