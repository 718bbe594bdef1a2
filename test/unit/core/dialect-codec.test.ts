import { describe, expect, test } from 'vitest';
import type { AttachRequest } from '../../../src/protocol/port.ts';
import type { PlainCodec, PlainLine, PlainWord } from '../../../worker/plain.ts';
import { plainCodec } from '../../../worker/plain.ts';
import { HubWorld, type WorldTab } from '../../support/hub-world.ts';
import { closedOf, decide, type ops as Ops, ops, remark } from './ops.ts';

type Codec = PlainCodec<typeof Ops>;
type Line = PlainLine<typeof Ops>;
type Word = PlainWord<typeof Ops>;

/** The server says what is to be heard of it, as JSON. */
const asTold = (message: string | Uint8Array) =>
  JSON.parse(typeof message === 'string' ? message : new TextDecoder().decode(message)) as Word[];
const json = (value: object) => JSON.stringify(value);

/** A codec that says all in JSON, with what a test wants to be otherwise. */
function speak(
  line: Partial<Line> | ((about: { token: string | null }) => Partial<Line>) = {},
  codec: Omit<Partial<Codec>, 'line'> = {},
  request: Partial<AttachRequest> = {},
) {
  const plain = plainCodec<typeof Ops>({
    ...codec,
    line: (about) => ({
      decode: asTold,
      encode: ({ id, command }) => json({ id, command }),
      subscribe: (topic, since) => [json({ join: topic, since }), { type: 'subscribed', topic }],
      unsubscribe: (topic) => json({ leave: topic }),
      ...(typeof line === 'function' ? line(about) : line),
    }),
  });
  const world = new HubWorld(ops, { plain });
  const tab = world.attach({ dialect: { plain: { acks: true, heartbeat: true } }, ...request });
  return { world, tab };
}
function connected(...args: Parameters<typeof speak>) {
  const started = speak(...args);
  started.tab.subscribe('rooms');
  started.world.socket.accept();
  return started;
}

const says = (world: HubWorld, ...words: Word[]) => world.socket.text(json(words));
const node = (id: string, state: string) => ({ type: 'node' as const, id, state });
const reports = (tab: WorldTab) =>
  tab.batches.flatMap(({ reports = [] }) => reports).filter(({ kind }) => kind === 'error');
const states = (tab: WorldTab, topic: string) => tab.events(topic).map(({ event }) => event['state']);

describe('a line', () => {
  test('is open at once where the codec has nothing to say first', () => {
    const { world, tab } = connected({});
    expect(tab.connection?.state).toBe('open');
    expect(world.socket.texts).toEqual([json({ join: 'rooms', since: null })]);
  });

  test('is asked for by the subprotocol that the server wants', () => {
    const { world } = connected({}, { subprotocol: 'chat.v2' });
    expect(world.socket.subprotocol).toBe('chat.v2');
  });

  test('begins with a login; nothing else is written, and no event heard, before the server has opened it', () => {
    const { world, tab } = connected({ open: () => json({ login: 'ann' }) });
    decide(tab, 'g');
    says(world, { type: 'event', topic: 'rooms', event: node('a', 'early') });
    expect(world.socket.texts).toEqual([json({ login: 'ann' })]);
    expect(tab.connection?.state).toBe('connecting');
    says(world, { type: 'opened' });
    expect(tab.connection?.state).toBe('open');
    expect(world.socket.texts).toHaveLength(3);
    expect(tab.events('rooms')).toEqual([]);
  });

  test('that the server never opens is given up', () => {
    const { world, tab } = connected({ open: () => json({ login: 'ann' }) });
    world.advance(10_000);
    expect(closedOf(tab).reason).toBe('timeout');
  });

  test('is made anew for each connection, with the token of the page', () => {
    const tokens: (string | null)[] = [];
    const { world, tab } = speak(
      ({ token }) => {
        tokens.push(token);
        let n = 0;
        return { encode: ({ id }) => json({ n: ++n, id }) };
      },
      {},
      { hasToken: true },
    );
    tab.subscribe('rooms');
    tab.call({ method: 'token', request: tab.tokenRequest, answer: { token: 'secret' } });
    world.socket.accept();
    const { id } = remark(tab, 1);
    expect(world.socket.texts.at(-1)).toBe(json({ n: 1, id }));
    world.socket.close();
    world.advance(1_000);
    tab.call({ method: 'token', request: tab.tokenRequest, answer: { token: 'newer' } });
    world.socket.accept();
    expect(world.socket.texts.at(-1)).toBe(json({ n: 1, id }));
    expect(tokens).toEqual(['secret', 'newer']);
  });

  test('has no heartbeat without `ping`; with it, silence is noticed', () => {
    const without = connected({});
    without.world.advance(120_000);
    expect(without.tab.connection?.state).toBe('open');
    const { world, tab } = connected({ ping: () => 'hello?' });
    world.advance(30_000);
    expect(world.socket.texts.at(-1)).toBe('hello?');
    world.advance(5);
    says(world, { type: 'pong' });
    expect(tab.connection).toMatchObject({ state: 'open', rttMs: 5 });
    world.advance(30_000);
    world.advance(10_000);
    expect(closedOf(tab).reason).toBe('heartbeat');
  });
});

describe('what ends a line', () => {
  test.for([
    ['final', { reason: 'server', retryAt: null }],
    ['retry', { reason: 'server', retryAt: expect.any(Number) }],
  ] as const)('a close code that the codec calls %s', ([end, expected]) => {
    const { world, tab } = connected({}, { closed: (code) => (code === 4403 ? end : undefined) });
    world.socket.close(4403, 'as the server has it');
    expect(closedOf(tab)).toMatchObject({ ...expected, detail: { closeCode: 4403 } });
  });

  test('a close code that means `unauthorized` asks for another token once, and waits then', () => {
    const { world, tab } = connected({}, { closed: (code) => (code === 3000 ? 'unauthorized' : undefined) });
    world.socket.close(3000);
    expect(world.sockets).toHaveLength(2);
    world.socket.accept();
    world.socket.close(3000);
    expect(closedOf(tab)).toMatchObject({ reason: 'unauthorized', retryAt: null });
  });

  test('of a line that was lost the codec is not asked', () => {
    const asked: number[] = [];
    const { world, tab } = connected({}, { closed: (code) => void asked.push(code) });
    world.socket.close();
    expect(closedOf(tab).reason).toBe('network');
    expect(asked).toEqual([]);
  });

  test('the server’s word, before it is open and after that', () => {
    const { world, tab } = connected({ open: () => 'login' });
    says(world, { type: 'goodbye', as: 'final', message: 'this account is closed' });
    expect(world.socket.state).toBe('closing');
    world.socket.close(1000);
    expect(closedOf(tab)).toMatchObject({
      reason: 'server',
      retryAt: null,
      detail: { message: 'final: this account is closed' },
    });
    const later = connected({});
    says(later.world, { type: 'goodbye', as: 'unauthorized', message: 'expired' });
    later.world.socket.close(1000);
    expect(later.world.sockets).toHaveLength(2);
  });
});

describe('topics', () => {
  test('are asked for as tabs come, in each connection, and left a while after the last one', () => {
    const { world, tab } = connected({});
    tab.subscribe('users');
    world.attach({ dialect: { plain: { acks: true } } }).subscribe('users');
    expect(world.socket.texts).toEqual([
      json({ join: 'rooms', since: null }),
      json({ join: 'users', since: null }),
    ]);
    says(world, { type: 'event', topic: 'users', ts: 7_000, event: node('a', 'on') });
    world.socket.close();
    world.advance(1_000);
    world.socket.accept();
    expect(world.socket.texts).toEqual([
      json({ join: 'rooms', since: null }),
      json({ join: 'users', since: 7_000 }),
    ]);
    tab.call({ method: 'unsubscribe', topic: 'rooms' });
    world.advance(5_000);
    expect(world.socket.texts.at(-1)).toBe(json({ leave: 'rooms' }));
  });

  test('have events and numbers of their own, which go on over an outage', () => {
    const { world, tab } = connected({});
    tab.subscribe('users');
    says(
      world,
      { type: 'event', topic: 'rooms', event: node('a', '1') },
      { type: 'event', topic: 'users', event: node('b', '2'), ts: 5 },
      { type: 'event', topic: 'rooms', event: node('c', '3') },
      { type: 'event', topic: 'nobody asked', event: node('d', '4') },
    );
    world.socket.close();
    world.advance(1_000);
    world.socket.accept();
    says(world, { type: 'event', topic: 'rooms', event: node('e', '5') });
    expect(tab.events('rooms')).toMatchObject([{ offset: 1 }, { offset: 2 }, { offset: 3 }]);
    expect(tab.events('users')).toMatchObject([{ offset: 1, ts: 5 }]);
    expect(tab.snapshots('rooms')).toHaveLength(1);
  });

  test('are `syncing` until the server has answered, and asked for again where it does not', () => {
    const { world, tab } = connected({ subscribe: (topic) => json({ join: topic }) });
    says(world, { type: 'event', topic: 'rooms', event: node('a', 'of before') });
    expect(tab.status('rooms')).toMatchObject({ state: 'syncing' });
    world.advance(10_000);
    expect(world.socket.texts).toEqual([json({ join: 'rooms' }), json({ join: 'rooms' })]);
    says(world, { type: 'subscribed', topic: 'rooms' });
    expect(tab.status('rooms')).toMatchObject({ state: 'live' });
    expect(tab.events('rooms')).toEqual([]);
  });

  test('a state answers the request, and takes the place of all that was known', () => {
    const { world, tab } = connected({ subscribe: () => [] });
    says(world, {
      type: 'state',
      topic: 'rooms',
      events: [{ event: node('a', 'on') }, { event: node('b', 'on') }],
    });
    expect(tab.snapshots('rooms')).toMatchObject([{ events: [{ key: 'a' }, { key: 'b' }] }]);
    says(world, { type: 'event', topic: 'rooms', event: node('a', 'off') });
    world.socket.close();
    world.advance(1_000);
    world.socket.accept();
    says(world, { type: 'state', topic: 'rooms', events: [{ event: node('b', 'off'), ts: 9 }] });
    expect(tab.snapshots('rooms').at(-1)?.events).toMatchObject([{ key: 'b', event: { state: 'off' } }]);
    expect(tab.status('rooms')).toMatchObject({ state: 'live', lastSeen: 9 });
    // What the state says is no event of its own.
    expect(states(tab, 'rooms')).toEqual(['off']);
  });

  test('a state that comes unasked does so as well, and events follow it', () => {
    const { world, tab } = connected({});
    says(world, { type: 'event', topic: 'rooms', event: node('gone', 'on') });
    says(
      world,
      { type: 'state', topic: 'rooms', events: [{ event: node('a', 'on') }] },
      { type: 'event', topic: 'rooms', event: node('a', 'off') },
    );
    expect(tab.snapshots('rooms').at(-1)?.events).toMatchObject([{ key: 'a', event: { state: 'on' } }]);
    expect(tab.events('rooms').at(-1)).toMatchObject({ key: 'a', event: { state: 'off' } });
    const other = world.attach({ dialect: { plain: { acks: true } } });
    other.subscribe('rooms');
    expect(other.snapshots('rooms')[0]?.events).toMatchObject([{ key: 'a', event: { state: 'off' } }]);
  });

  test('that the server refuses are refused, until the next connection', () => {
    const { world, tab } = connected({});
    says(world, { type: 'refused', topic: 'rooms', code: 'forbidden', message: 'not for you' });
    expect(tab.status('rooms')).toEqual({ state: 'refused', code: 'forbidden', message: 'not for you' });
    world.socket.close();
    world.advance(1_000);
    world.socket.accept();
    expect(world.socket.texts).toEqual([json({ join: 'rooms', since: null })]);
    expect(tab.status('rooms')).toMatchObject({ state: 'live' });
  });

  test('that the server has lost are asked for again, more slowly each time', () => {
    const { world } = connected({});
    says(world, { type: 'lost', topic: 'rooms' });
    expect(world.socket.texts).toHaveLength(2);
    says(world, { type: 'lost', topic: 'rooms' });
    expect(world.socket.texts).toHaveLength(2);
    world.advance(2_000);
    expect(world.socket.texts).toHaveLength(3);
  });

  test('are one, `default`, where the codec cannot ask', () => {
    const { world, tab } = speak(() => ({ subscribe: undefined }) as unknown as Partial<Line>);
    tab.subscribe('default');
    tab.subscribe('rooms');
    world.socket.accept();
    says(world, { type: 'event', event: node('a', 'on') });
    expect(tab.events('default')).toMatchObject([{ offset: 1, key: 'a' }]);
    expect(tab.status('rooms')).toMatchObject({ state: 'refused', code: 'unknown_topic' });
  });
});

describe('commands', () => {
  test('are given whole to the codec, and again where they have to be sent again', () => {
    const given: object[] = [];
    const { world, tab } = connected({
      encode: (command) => {
        given.push(command);
        return 'x';
      },
    });
    const { id } = decide(tab, 'g', 'rooms');
    const first = { id, topic: 'rooms', priority: 'high', createdAt: world.now, attempt: 1 };
    expect(given).toEqual([{ ...first, command: { type: 'decide', gate: 'g' } }]);
    world.socket.close();
    world.advance(1_000);
    world.socket.accept();
    expect(given).toHaveLength(2);
    expect(given[1]).toMatchObject({ id, attempt: 2 });
  });

  test('end as the server says, with its result and its reasons', () => {
    const { world, tab } = connected({});
    const [a, b, c] = [remark(tab, 1), remark(tab, 2), remark(tab, 3)].map(({ id }) => id) as [
      string,
      string,
      string,
    ];
    says(
      world,
      { type: 'ack', id: a, result: { room: 7 } },
      { type: 'nack', id: b, code: 'full', message: 'no seat is free' },
      { type: 'nack', id: c, retry: true, retryAfterMs: 4_000, message: 'later' },
    );
    expect(tab.settled).toEqual([
      { id: a, outcome: { status: 'accepted', duplicate: false, result: { room: 7 } } },
      { id: b, outcome: { status: 'rejected', code: 'full', message: 'no seat is free' } },
    ]);
    expect(tab.outbox).toMatchObject([{ id: b }, { id: c, state: 'waiting' }]);
    world.advance(4_000);
    expect(tab.outbox).toMatchObject([{ id: b }, { id: c, state: 'sent' }]);
  });

  test('may be several messages, bytes too, and may have ended with that', () => {
    const scratch = new Uint8Array(1);
    const { world, tab } = connected({
      encode: ({ id, command }) => {
        scratch[0] = command.type === 'remark' ? command.n : 0;
        return ['a', scratch, { type: 'ack', id }];
      },
    });
    const ids = [remark(tab, 1), remark(tab, 2)].map(({ id }) => id);
    world.advance(1);
    expect(world.socket.texts.slice(1)).toEqual(['a', '1', 'a', '2']);
    expect(tab.settled.map(({ id }) => id)).toEqual(ids);
  });

  test('of which the codec says nothing are refused, and those behind them leave', () => {
    const { world, tab } = connected({
      encode: ({ id, command }) => (command.type === 'remark' && command.n > 1 ? undefined : id),
    });
    const ids = [1, 2, 3, 1].map((n) => remark(tab, n).id);
    world.advance(1);
    expect(tab.settled).toMatchObject(
      [ids[1], ids[2]].map((id) => ({ id, outcome: { status: 'rejected', code: 'codec_failed' } })),
    );
    expect(world.socket.texts.slice(1)).toEqual([ids[0], ids[3]]);
  });
});

describe('a codec that fails', () => {
  const fail = () => {
    throw new RangeError('as the test wants');
  };

  test('in `decode` loses that message alone, and is reported once for each kind of error', () => {
    const { world, tab } = connected({});
    for (const text of ['oops', '{', 'null', '7', '[{"type":"pong"}]']) world.socket.text(text);
    says(world, { type: 'event', topic: 'rooms', event: node('a', 'on') });
    expect(states(tab, 'rooms')).toEqual(['on']);
    expect(reports(tab)).toMatchObject([
      { message: expect.stringContaining('`decode` of the codec threw SyntaxError') },
      { message: expect.stringContaining('`decode` of the codec said what cannot be') },
    ]);
    expect(world.report.counts.malformedFrames).toBe(3);
  });

  test('what it cannot read is reported once for each kind, and counted each time', () => {
    const { world, tab } = connected({});
    for (let i = 0; i < 5; i++) says(world, { type: 'unreadable', kind: 'presence' });
    says(world, { type: 'unreadable', kind: 'typing' });
    expect(reports(tab).map(({ message }) => message)).toEqual([
      'the server sent what the codec cannot read: presence',
      'the server sent what the codec cannot read: typing',
    ]);
    expect(world.report.counts.malformedFrames).toBe(6);
  });

  test('in one word loses that word alone', () => {
    const { world, tab } = connected({});
    world.socket.text(
      json([
        { type: 'event', topic: 'rooms', event: { state: 'of no type' } },
        { type: 'event', topic: 7, event: node('a', 'nowhere') },
        { type: 'event', topic: 'rooms', event: node('a', 'on') },
      ]),
    );
    expect(states(tab, 'rooms')).toEqual(['on']);
    expect(reports(tab)).toHaveLength(2);
  });

  test('in `encode` refuses the command, with the reason', () => {
    const { world, tab } = connected({ encode: fail });
    const { id } = decide(tab, 'g');
    world.advance(1);
    expect(tab.settled).toMatchObject([
      {
        id,
        outcome: { status: 'rejected', code: 'codec_failed', message: expect.stringContaining('RangeError') },
      },
    ]);
    expect(tab.connection?.state).toBe('open');
  });

  test.for([
    ['line', () => speak(fail)],
    ['open', () => speak({ open: fail })],
  ] as const)('in `%s` ends the attempt, says so, and tries again', ([part, begin]) => {
    const { world, tab } = begin();
    tab.subscribe('rooms');
    world.socket.accept();
    world.socket.close(1000);
    const { reason, retryAt, detail } = closedOf(tab);
    expect({ reason, message: detail?.message }).toEqual({
      reason: 'server',
      message: expect.stringContaining(`\`${part}\` of the codec threw RangeError`),
    });
    expect(retryAt).not.toBeNull();
  });

  test('in `subscribe` refuses the topic; in `unsubscribe`, `ping` and `closed` it is only reported', () => {
    const { world, tab } = connected(
      {
        subscribe: (topic) => (topic === 'rooms' ? { type: 'subscribed', topic } : fail()),
        unsubscribe: fail,
        ping: fail,
      },
      { closed: fail },
    );
    tab.subscribe('users');
    expect(tab.status('users')).toMatchObject({ state: 'refused', code: 'codec_failed' });
    tab.call({ method: 'unsubscribe', topic: 'rooms' });
    tab.call({ method: 'reconnect' });
    decide(tab, 'keeps the connection open');
    world.advance(1_000);
    world.socket.text('[]');
    world.advance(5_000);
    world.socket.close(4000);
    expect(closedOf(tab).reason).toBe('server');
    expect(reports(tab).map(({ message }) => /`(\w+)` of/.exec(message)?.[1])).toEqual([
      'subscribe',
      'ping',
      'unsubscribe',
      'closed',
    ]);
  });

  test('with what cannot even be shown does no more harm', () => {
    const { world, tab } = connected({
      decode: () => {
        throw Object.create(null);
      },
    });
    world.socket.text('[]');
    expect(reports(tab)).toMatchObject([{ message: expect.stringContaining('something that is no Error') }]);
    expect(tab.connection?.state).toBe('open');
  });

  test('by answering later is told that it has to answer at once', () => {
    const { world, tab } = connected({ decode: (async () => []) as unknown as Line['decode'] });
    world.socket.text('[]');
    expect(reports(tab)).toMatchObject([{ message: expect.stringContaining('it returned a promise') }]);
  });
});

test('bytes are given to the codec as they came', () => {
  const { world, tab } = connected({});
  world.socket.bytes(
    new TextEncoder().encode(json([{ type: 'event', topic: 'rooms', event: node('a', 'on') }])),
  );
  expect(states(tab, 'rooms')).toEqual(['on']);
});
