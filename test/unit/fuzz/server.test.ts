import { setImmediate } from 'node:timers/promises';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  type ClientFrame,
  parseClientMessage,
  parseServerMessage,
} from '../../../src/protocol/frames/index.ts';
import {
  clientFrame,
  idOf,
  messages,
  runs,
  serverFrame,
  TIMEOUT_MS,
  TOPICS,
} from '../../support/hostile-frames.ts';
import { CLIENT_ID, type HandPeer, HandWorld } from '../server/support/hand.ts';

test(
  'reading a message of any kind never throws, and gives what is sound as it was',
  () => {
    fc.assert(
      fc.property(fc.oneof(messages(clientFrame), messages(serverFrame)), (message) => {
        for (const parse of [parseClientMessage, parseServerMessage])
          for (const parsed of parse(message ?? '')) expect(parsed.ok || parsed.message).toBeTruthy();
      }),
      runs(500),
    );
    fc.assert(
      fc.property(clientFrame, (frame) => {
        expect([...parseClientMessage(JSON.stringify(frame))]).toEqual([{ ok: true, frame: asJson(frame) }]);
      }),
      runs(150),
    );
    fc.assert(
      fc.property(serverFrame, (frame) => {
        expect(parseServerMessage(JSON.stringify(frame))).toEqual([{ ok: true, frame: asJson(frame) }]);
      }),
      runs(150),
    );
  },
  TIMEOUT_MS,
);

const asJson = (frame: object): unknown => JSON.parse(JSON.stringify(frame));

/** What no frame can be without. */
const REQUIRED: Readonly<Record<ClientFrame['type'], readonly string[]>> = {
  hello: ['client_id', 'app', 'app_version', 'term'],
  subscribe: ['topic', 'ref'],
  resync_request: ['topic', 'ref', 'last_seen'],
  unsubscribe: ['topic', 'ref'],
  command: ['id', 'priority', 'created_at', 'attempt', 'app_version', 'command'],
  withdraw: ['id'],
  ack: ['topic', 'epoch', 'offsets'],
  ping: ['id'],
};

test(
  'a frame without a field that it needs, or with one of a wrong type, ends its connection with bad_frame, and no other',
  async () => {
    const breach = fc.tuple(clientFrame, fc.nat(), fc.constantFrom<unknown>(undefined, {}, false));
    await fc.assert(
      fc.asyncProperty(breach, async ([frame, n, by]) => {
        const world = new HandWorld();
        const peer = await world.join();
        const other = await world.join({ client_id: idOf(99) });
        const fields = REQUIRED[frame.type];
        const field = fields[n % fields.length] ?? '';
        peer.say({ ...frame, [field]: by });
        const goodbye = peer.expect('goodbye');
        expect(goodbye).toMatchObject({ code: 'bad_frame', retry: true });
        expect(goodbye.message).toContain(`${frame.type}: `);
        expect(peer.ended).toEqual({ code: 1002 });
        other.say({ type: 'ping', id: 1 });
        await setImmediate();
        other.expect('pong');
        expect(world.broker.stats()).toMatchObject({ connections: 1, malformedFrames: 1 });
      }),
      runs(100),
    );
  },
  TIMEOUT_MS,
);

type Action =
  | { do: 'say'; peer: number; message: string | null }
  | { do: 'join'; peer: number }
  | { do: 'lose'; peer: number }
  | { do: 'publish' }
  | { do: 'wait'; ms: number };
const peer = fc.nat(2);
const action: fc.Arbitrary<Action> = fc.oneof(
  {
    arbitrary: fc.record({ do: fc.constant('say' as const), peer, message: messages(clientFrame) }),
    weight: 12,
  },
  { arbitrary: fc.record({ do: fc.constant('join' as const), peer }), weight: 2 },
  { arbitrary: fc.record({ do: fc.constant('lose' as const), peer }), weight: 1 },
  { arbitrary: fc.record({ do: fc.constant('publish' as const) }), weight: 2 },
  {
    arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.constantFrom(1, 5_000, 80_000) }),
    weight: 1,
  },
);

/** What `PROTOCOL` calls a breach: of the handshake's order, or a frame that is none. */
function isBreach(message: string | null, isOpen: boolean): boolean {
  if (message === null) return true;
  const frames = [...parseClientMessage(message)];
  const isUnsound = frames.some((parsed) => !parsed.ok && parsed.problem === 'malformed');
  return isOpen && (isUnsound || frames.some((parsed) => parsed.ok && parsed.frame.type === 'hello'));
}

test(
  'whatever clients say, the server lives on, within bounds, and serves those who do as they should',
  async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(action, { maxLength: 40, size: 'max' }), async (actions) => {
        const world = new HandWorld();
        const peers = new Map<number, HandPeer>();
        for (const [turn, what] of actions.entries()) {
          if (what.do === 'wait') await world.clock.advance(what.ms);
          else if (what.do === 'publish') {
            const event = turn % 2 ? { type: 'alarm', text: 'x' } : { type: 'log', line: 'x' };
            await world.broker.publish(TOPICS[0], event);
          } else if (what.do === 'join') {
            const fresh = world.connect();
            fresh.hello({ client_id: idOf(what.peer), term: 1 });
            peers.set(what.peer, fresh);
          } else {
            const each = peers.get(what.peer) ?? world.connect();
            peers.set(what.peer, each);
            if (what.do === 'lose') each.lose();
            else {
              const isOpen = each.ended === null && each.frames.some(({ type }) => type === 'welcome');
              each.hear(what.message);
              await setImmediate();
              if (isOpen && isBreach(what.message, isOpen)) {
                // Unless something else ended it in mid-message.
                const goodbye = each.frames.find(({ type }) => type === 'goodbye');
                expect(goodbye).toMatchObject({ code: 'bad_frame' });
                expect(each.ended).toEqual({ code: 1002 });
              }
            }
            if (each.ended !== null || what.do === 'lose') peers.delete(what.peer);
          }
          await setImmediate();
        }
        const { topics, subscriptions, connections } = world.broker.stats();
        expect(topics).toBeLessThanOrEqual(TOPICS.length);
        expect(subscriptions).toBeLessThanOrEqual(connections * TOPICS.length);

        const sound = await world.join({ client_id: CLIENT_ID.replace(/.$/, 'f'), term: 1 });
        sound.say({ type: 'subscribe', topic: TOPICS[0], ref: 1 });
        await setImmediate();
        sound.expect('snapshot');
        await world.broker.publish(TOPICS[0], { type: 'log', line: 'sound' });
        const command = { type: 'note', text: 'sound' };
        sound.say({
          type: 'command',
          id: idOf(999),
          priority: 'high',
          created_at: 1,
          attempt: 1,
          app_version: 3,
          topic: TOPICS[0],
          command,
        });
        await setImmediate();
        expect(sound.all('event').at(-1)).toMatchObject({ event: { line: 'sound' } });
        sound.expect('command_ack');
        expect(world.errors).toEqual([]);
        expect(world.broker.stats().commands.inProgress).toBe(0);
      }),
      runs(120),
    );
  },
  TIMEOUT_MS,
);
