import fc from 'fast-check';
import { expect, test } from 'vitest';
import * as z from 'zod/mini';
import { defineProtocol } from '../../../src/protocol/index.ts';
import type { Dialect } from '../../../src/protocol/port.ts';
import {
  event,
  idOf,
  messages,
  PRINCIPALS,
  runs,
  serverFrame,
  TIMEOUT_MS,
  TOPICS,
} from '../../support/hostile-frames.ts';
import { HubWorld, type WorldTab } from '../../support/hub-world.ts';
import { alarm, line, node, topicProtocol } from '../../support/topic-scene.ts';

/** With an event whose schema keeps whatever it holds. */
const protocol = defineProtocol({
  ...topicProtocol,
  events: { ...topicProtocol.events, anything: { schema: z.looseObject({}) } },
});
const SETTINGS = { floodBuffer: 5, tailLimit: 3, lingerMs: 1_000 };

type Action =
  /** `aimed`: it names what the hub waits for, as far as it names anything. */
  | { do: 'hear'; message: string | null; aimed: boolean }
  | { do: 'send' | 'cut' | 'join' | 'leave' | 'reconnect' | 'welcome' | 'answer' | 'go on' }
  | { do: 'wait'; ms: number };
const action = (heard: fc.Arbitrary<string | null>): fc.Arbitrary<Action> =>
  fc.oneof(
    {
      arbitrary: fc.record({ do: fc.constant('hear' as const), message: heard, aimed: fc.boolean() }),
      weight: 16,
    },
    // What a server does that is as it should be, for there to be something to break.
    { arbitrary: fc.record({ do: fc.constantFrom('welcome' as const, 'answer', 'go on') }), weight: 8 },
    { arbitrary: fc.record({ do: fc.constantFrom('send' as const, 'reconnect') }), weight: 3 },
    {
      arbitrary: fc.record({ do: fc.constantFrom('cut' as const, 'join', 'leave') }),
      weight: 1,
    },
    {
      arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.constantFrom(1, 1_000, 40_000) }),
      weight: 1,
    },
  );

/** A hub that listens to a server that says anything. */
class Listening {
  readonly world = new HubWorld(protocol, { settings: SETTINGS });
  readonly #dialect: Dialect;
  readonly #tabs: WorldTab[] = [];
  #sent = 0;
  #lastId = '';

  constructor(dialect: Dialect) {
    this.#dialect = dialect;
    this.join();
    this.accept();
  }

  do(what: Action): void {
    // What is due is done before, as by the worker's own timer.
    this.world.advance(0);
    const [first] = this.#tabs;
    if (what.do === 'hear') this.hear(what.aimed ? this.#aim(what.message) : what.message);
    else if (what.do === 'welcome') this.hear(this.#welcome);
    else if (what.do === 'answer') for (const topic of TOPICS) this.hear(this.#answer(topic));
    else if (what.do === 'go on') for (const topic of TOPICS) this.hear(this.#next(topic));
    else if (what.do === 'wait') this.world.advance(what.ms);
    else if (what.do === 'send') this.send(TOPICS[this.#sent % TOPICS.length] ?? null);
    else if (what.do === 'reconnect') first?.call({ method: 'reconnect' });
    else if (what.do === 'join') this.join();
    else if (what.do === 'leave' && this.#tabs.length > 1) this.#tabs.pop()?.leave();
    else if (what.do === 'cut' && this.world.liveSockets.length > 0) this.world.socket.close();
    this.accept();
  }

  join(): void {
    const tab = this.world.attach({ dialect: this.#dialect });
    for (const topic of TOPICS) tab.subscribe(topic);
    this.#tabs.push(tab);
  }

  /** Whatever socket there is opens; one that the hub closes is closed. */
  accept(): void {
    const socket = this.world.liveSockets.at(-1);
    if (socket?.state === 'closing') socket.close(1000);
    if (socket?.state === 'connecting') socket.accept();
  }

  hear(message: string | null): void {
    const socket = this.world.liveSockets.at(-1);
    if (socket?.state !== 'open') return;
    if (message === null) socket.bytes(new Uint8Array([123, 125]));
    else socket.text(message);
  }

  send(topic: string | null): string {
    const tab = this.#tabs[0];
    if (!tab) throw new Error('no tab');
    this.#sent++;
    this.#lastId = tab.send({ command: { type: 'note', text: 'x' }, topic }).id;
    return this.#lastId;
  }

  get #welcome(): string {
    const principal = this.world.disk.principal ?? PRINCIPALS[0];
    return JSON.stringify({ type: 'welcome', session: 's', principal, server_time: 1, dedupe_since: 0 });
  }

  #answer(topic: string): string {
    const at = { topic, ref: this.#refOf(topic), epoch: 'e1', offset: 3 };
    const events = [{ offset: 2, ts: 2, event: node('a', 'x') }];
    return JSON.stringify([
      { type: 'subscribed', ...at, recovered: false },
      { type: 'snapshot', ...at, ts: 3, part: 0, last: true, events },
    ]);
  }

  #next(topic: string): string {
    const status = this.tab.status(topic);
    const offset = status?.state === 'live' ? status.offset + 1 : 1;
    return JSON.stringify({ type: 'event', topic, offset, ts: offset, event: alarm('x'), ack: true });
  }

  /** Of the newest request. */
  #refOf(topic: unknown): number | undefined {
    const requests = this.world.socket.frames.filter((frame) => 'ref' in frame && frame.topic === topic);
    const newest = requests.at(-1);
    return newest && 'ref' in newest ? newest.ref : undefined;
  }

  #aim(message: string | null): string | null {
    try {
      const aimed: unknown = JSON.parse(message ?? '', (_, value) =>
        typeof value?.type === 'string' ? { ...value, ...this.#awaited(value) } : value,
      );
      return JSON.stringify(aimed);
    } catch {
      // No JSON, or too deep to be written again.
      return message;
    }
  }

  /** What the hub would have in place of these fields. */
  #awaited({ type, topic, ref, offset }: Readonly<Record<string, unknown>>): Record<string, unknown> {
    if (/ack$|nack$/.test(String(type))) return { id: this.#lastId };
    if (ref !== undefined) return { ref: this.#refOf(topic), part: 0, last: true };
    const status = TOPICS.includes(topic as never) ? this.tab.status(String(topic)) : undefined;
    if (type !== 'event' || status?.state !== 'live' || !(Number(offset) < 10)) return {};
    return { offset: status.offset + 1, prev: status.offset };
  }

  /** A connection to a server that does as it should. */
  recover(): void {
    const [tab] = this.#tabs;
    const { world } = this;
    if (world.liveSockets.length > 0) world.socket.close();
    for (let tries = 0; world.liveSockets.length === 0 && tries < 3; tries++)
      tab?.call({ method: 'reconnect' });
    const principal = world.disk.principal ?? PRINCIPALS[0];
    if (this.#dialect === 'trunkline.v1') world.socket.welcome({ principal });
    else world.socket.accept();
    expect(tab?.connection).toMatchObject({ state: 'open' });
  }

  get tab(): WorldTab {
    const [tab] = this.#tabs;
    if (!tab) throw new Error('no tab');
    return tab;
  }

  bounded(): void {
    const { topics, outbox, tabs } = this.world.report;
    expect(topics.length).toBeLessThanOrEqual(TOPICS.length);
    for (const { keys, tail } of topics) {
      // Those of the events, and those that frames name.
      expect(keys).toBeLessThanOrEqual(8);
      expect(tail).toBeLessThanOrEqual(SETTINGS.tailLimit);
    }
    expect(outbox.entries).toBeLessThanOrEqual(this.#sent);
    expect(tabs).toHaveLength(this.#tabs.length);
    expect(this.world.liveSockets.length).toBeLessThanOrEqual(1);
  }
}

test(
  'whatever a server says in trunkline.v1, the hub lives on, within bounds, and understands what is sound',
  () => {
    const actions = fc.array(action(messages(serverFrame)), { maxLength: 60, size: 'max' });
    fc.assert(
      fc.property(actions, (all) => {
        const hub = new Listening('trunkline.v1');
        hub.world.socket.welcome();
        for (const each of all) hub.do(each);
        hub.bounded();
        hub.recover();
        const { socket } = hub.world;
        const asked = [...socket.sent('subscribe'), ...socket.sent('resync_request')].find(
          ({ topic }) => topic === TOPICS[0],
        );
        if (!asked) throw new Error('the hub asked for no topic');
        const { topic, ref } = asked;
        const at = { topic, ref, epoch: 'after all', offset: 1 };
        socket.say(
          { type: 'subscribed', ...at, recovered: false },
          { type: 'snapshot', ...at, ts: 1, part: 0, last: true, events: [] },
          { type: 'event', topic, offset: 2, ts: 2, event: line('sound') },
        );
        expect(hub.tab.events(topic).at(-1)).toMatchObject({ offset: 2, event: { text: 'sound' } });
        hub.tab.call({ method: 'inspect' });
        const id = hub.send('of its own');
        for (const command of socket.sent('command')) socket.say({ type: 'command_ack', id: command.id });
        for (const command of socket.sent('command')) socket.say({ type: 'command_ack', id: command.id });
        expect(hub.tab.call({ method: 'settled', id })).toMatchObject({ value: { status: 'accepted' } });
        expect(hub.world.report.storage).toEqual({ state: 'ok' });
      }),
      runs(200),
    );
  },
  TIMEOUT_MS,
);

const plainMessage = fc.oneof(
  { arbitrary: event, weight: 4 },
  {
    arbitrary: fc
      .tuple(
        event,
        fc.constantFrom('timestamp', 'ts'),
        fc.constantFrom(1, -1, 1e308, 'tomorrow', '2026-01-01T00:00:00Z'),
      )
      .map(([of, name, value]) => ({ ...of, [name]: value })),
    weight: 2,
  },
  {
    arbitrary: fc.record({
      type: fc.constantFrom('ack', 'nack', 'pong'),
      id: fc.nat(8).map(idOf),
      message: fc.string(),
    }),
    weight: 3,
  },
);

test(
  'whatever a server says plainly, the hub lives on, within bounds, and understands what is sound',
  () => {
    const actions = fc.array(action(messages(plainMessage)), { maxLength: 60, size: 'max' });
    fc.assert(
      fc.property(actions, fc.boolean(), fc.boolean(), (all, acks, heartbeat) => {
        const hub = new Listening({ plain: { acks, heartbeat } });
        for (const each of all) hub.do(each);
        hub.bounded();
        hub.recover();
        hub.hear(JSON.stringify(line('sound')));
        expect(hub.tab.events('default').at(-1)).toMatchObject({ event: { text: 'sound' } });
        const id = hub.send(null);
        if (acks) {
          const written = hub.world.socket.texts.map((text): { id?: string } => JSON.parse(text));
          for (const command of written) hub.hear(JSON.stringify({ type: 'ack', id: command.id }));
        } else hub.world.advance(2_000);
        expect(hub.tab.call({ method: 'settled', id })).toMatchObject({
          value: { status: acks ? 'accepted' : 'written' },
        });
        expect(hub.world.report.storage).toEqual({ state: 'ok' });
      }),
      runs(150),
    );
  },
  TIMEOUT_MS,
);
