/** The server against a log that takes its time, in random schedules: no client may see a hole, a wrong state, or less than it is owed. */
import { setImmediate } from 'node:timers/promises';
import { expect, test } from 'vitest';
import type { ServerFrame } from '../../../src/protocol/frames/index.ts';
import { memoryLog } from '../../../src/server/index.ts';
import type { EventLog } from '../../../src/server/log/event-log.ts';
import { type HandPeer, HandWorld } from './support/hand.ts';

type Random = () => number;
/** https://github.com/cprosche/mulberry32 */
function seeded(seed: number): Random {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** Answers after some turns, each call at its own pace. */
function slow(inner: EventLog, random: Random): EventLog {
  const wait = async () => {
    const longest = random() < 0.1 ? 40 : 4;
    for (let turns = Math.floor(random() * longest); turns > 0; turns--) await setImmediate();
  };
  return new Proxy(inner, {
    get(target, name: keyof EventLog) {
      return async (...parameters: unknown[]) => {
        await wait();
        const result = await Reflect.apply(target[name], target, parameters);
        await wait();
        return result;
      };
    },
  });
}

/** What a hub knows of one topic: PROTOCOL's rules for cursors, and nothing else. */
class Model {
  peer: HandPeer | null = null;
  cursor: { epoch: string; offset: number } | null = null;
  readonly state = new Map<string, unknown>();
  readonly criticals = new Set<number>();
  #ref = 0;
  #status: 'none' | 'asked' | 'live' = 'none';
  #parts: ServerFrame[] = [];
  holes = 0;
  repeats = 0;

  ask(random: Random): void {
    this.#ref += 1;
    this.#status = 'asked';
    this.#parts = [];
    const cursor = this.cursor ? { cursor: this.cursor } : {};
    this.peer?.say(
      random() < 0.7 && (this.cursor || random() < 0.5)
        ? { type: 'subscribe', topic: 't', ref: this.#ref, ...cursor }
        : { type: 'resync_request', topic: 't', ref: this.#ref, last_seen: null, ...cursor },
    );
  }

  lose(): void {
    this.peer?.lose();
    this.peer = null;
    this.#status = 'none';
  }

  read(): void {
    for (const frame of this.peer?.frames.splice(0) ?? []) this.#take(frame);
  }

  #take(frame: ServerFrame): void {
    if (frame.type === 'subscribed') {
      if (frame.ref === 0 && this.#status === 'live') {
        this.#status = 'asked';
        this.#ref = 0;
      } else if (frame.ref !== this.#ref) return;
      this.#parts = [];
      if (frame.recovered) {
        expect(frame.epoch).toBe(this.cursor?.epoch);
        this.#status = 'live';
      }
    } else if (frame.type === 'snapshot' && frame.ref === this.#ref && this.#status === 'asked') {
      expect(frame.part).toBe(this.#parts.length);
      this.#parts.push(frame);
      if (frame.last) this.#apply();
    } else if (frame.type === 'event' && this.#status === 'live' && this.cursor) {
      if (frame.ack) this.criticals.add(frame.offset);
      if (frame.redelivery) return;
      if (frame.offset <= this.cursor.offset) {
        this.repeats += 1;
        return;
      }
      if ((frame.prev ?? frame.offset - 1) !== this.cursor.offset) this.holes += 1;
      this.cursor = { ...this.cursor, offset: frame.offset };
      if (frame.key !== undefined && frame.gone) this.state.delete(frame.key);
      else if (frame.key !== undefined) this.state.set(frame.key, frame.event);
    }
  }

  #apply(): void {
    this.state.clear();
    for (const part of this.#parts) {
      if (part.type !== 'snapshot') continue;
      this.cursor = { epoch: part.epoch, offset: part.offset };
      for (const { key, event } of part.events) if (key !== undefined) this.state.set(key, event);
    }
    this.#status = 'live';
  }
}

const SEEDS = Array.from({ length: 60 }, (_, index) => index + 1);

test('whatever the log takes its time for, every client ends with the state of the server', async () => {
  for (const seed of SEEDS) {
    const random = seeded(seed);
    const chance = (probability: number) => random() < probability;
    const inner = memoryLog({ historyEvents: 5 + Math.floor(random() * 40) });
    const world = new HandWorld({ log: slow(inner, random), limits: { missedLimit: 10 } });
    const models = [new Model(), new Model(), new Model()];
    const ids = models.map((_, index) => `00000000-0000-4000-8000-00000000000${index}`);
    const connect = async (index: number) => {
      const model = models[index];
      if (!model) return;
      model.lose();
      const peer = world.connect();
      peer.hello({ client_id: String(ids[index]), max_frame_bytes: 1_200 });
      await world.clock.advance(0);
      while (!peer.frames.some(({ type }) => type === 'welcome')) await setImmediate();
      peer.all('welcome');
      model.peer = peer;
      model.ask(random);
    };
    const failed: unknown[] = [];
    for (let step = 0; step < 120; step++) {
      const index = Math.floor(random() * models.length);
      const model = models[index];
      if (chance(0.5)) {
        const id = `n${Math.floor(random() * 6)}`;
        const event = chance(0.2)
          ? { type: 'alarm', text: `${step}` }
          : chance(0.3)
            ? { type: 'log', line: 'x'.repeat(Math.floor(random() * 100)) }
            : { type: 'node', id, state: chance(0.2) ? 'gone' : `${step}` };
        world.broker.publish('t', event).catch((error: unknown) => failed.push(error));
      } else if (chance(0.15)) await connect(index);
      else if (chance(0.1)) model?.lose();
      else if (chance(0.12)) model?.ask(random);
      else if (model?.cursor && chance(0.03)) {
        // As if the server had lost its newest events.
        model.cursor = { ...model.cursor, offset: model.cursor.offset + 1_000 };
        if (model.peer) model.ask(random);
      } else await setImmediate();
      for (const each of models) each.read();
    }
    for (const index of models.keys()) if (!models[index]?.peer) await connect(index);
    for (let turn = 0; turn < 600; turn++) {
      await setImmediate();
      for (const each of models) each.read();
    }
    const { epoch, offset, events } = await inner.state('t');
    const keyed = events.filter(({ key }) => key !== null);
    const expected = new Map(keyed.map(({ key, event }) => [key, JSON.parse(event)]));
    for (const [index, model] of models.entries()) {
      const about = `seed ${seed}, client ${index}`;
      expect(model.cursor, about).toEqual({ epoch, offset });
      expect(new Map(model.state), about).toEqual(expected);
      expect([model.holes, model.repeats], about).toEqual([0, 0]);
      // Nobody acknowledges here: what was given is owed, and what is owed comes.
      const owed = await inner.owed({ principal: 'anonymous', clientId: String(ids[index]) }, 't');
      await world.clock.advance(15_000);
      for (let turn = 0; turn < 100; turn++) await setImmediate();
      model.read();
      expect([...model.criticals].sort(), about).toEqual(owed.map((event) => event.offset).sort());
    }
    expect(failed).toEqual([]);
    expect(world.errors).toEqual([]);
    for (const model of models) model.lose();
  }
}, 60_000);
