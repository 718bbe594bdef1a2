import { describe, expect, test } from 'vitest';
import type { HubWorld } from '../../support/hub-world.ts';
import { connect, decide, remark, start } from './ops.ts';

/** What was sent on the newest socket, by what the tests number. */
function sent(world: HubWorld): (string | number)[] {
  return world.socket
    .sent('command')
    .map(({ command }) => (command['gate'] ?? command['n']) as string | number);
}

function idOf(world: HubWorld, name: string | number): string {
  const frame = world.sockets
    .flatMap((socket) => socket.sent('command'))
    .find(({ command }) => (command['gate'] ?? command['n']) === name);
  if (!frame) throw new Error(`${name} was never sent`);
  return frame.id;
}

const ack = (world: HubWorld, name: string | number) =>
  world.socket.say({ type: 'command_ack', id: idOf(world, name) });
const busy = (world: HubWorld, name: string | number) =>
  world.socket.say({ type: 'command_nack', id: idOf(world, name), code: 'busy', message: '', retry: true });

describe('high before normal', () => {
  test('whatever was asked first', () => {
    const { world, tab } = start();
    remark(tab, 1);
    decide(tab, 'a', 'run:1');
    remark(tab, 2);
    decide(tab, 'b', 'run:2');
    world.socket.welcome();
    expect(sent(world)).toEqual(['a', 'b', 1, 2]);
  });

  test('high ones go before normal ones that were sent already', () => {
    const { world, tab } = connect();
    remark(tab, 1);
    world.socket.close();
    decide(tab, 'a');
    world.advance(1_000);
    world.socket.welcome();
    expect(sent(world)).toEqual(['a', 1]);
  });

  test('normal ones wait for every high one that still has to go', () => {
    const { world, tab } = connect();
    decide(tab, 'a', 'run:1');
    decide(tab, 'b', 'run:1');
    remark(tab, 1);
    expect(sent(world)).toEqual(['a']);
    ack(world, 'a');
    expect(sent(world)).toEqual(['a', 'b', 1]);
  });

  test('normal ones do not wait for a high one that the server put off', () => {
    const { world, tab } = connect();
    decide(tab, 'a', 'run:1');
    decide(tab, 'b', 'run:1');
    remark(tab, 1);
    busy(world, 'a');
    expect(sent(world)).toEqual(['a', 1]);
  });
});

describe('high commands', () => {
  test('one in flight per topic, in order', () => {
    const { world, tab } = connect();
    for (const gate of ['a', 'b', 'c']) decide(tab, gate, 'run:1');
    decide(tab, 'x', 'run:2');
    decide(tab, 'y', null);
    expect(sent(world)).toEqual(['a', 'x', 'y']);
    ack(world, 'a');
    ack(world, 'b');
    expect(sent(world)).toEqual(['a', 'x', 'y', 'b', 'c']);
  });

  test('the next one goes when the first is refused for good', () => {
    const { world, tab } = connect();
    decide(tab, 'a', 'run:1');
    decide(tab, 'b', 'run:1');
    world.socket.say({ type: 'command_nack', id: idOf(world, 'a'), code: 'no', message: '', retry: false });
    expect(sent(world)).toEqual(['a', 'b']);
  });

  test('one that the server put off holds those behind it back, in its topic alone', () => {
    const { world, tab } = connect();
    decide(tab, 'a', 'run:1');
    decide(tab, 'b', 'run:1');
    busy(world, 'a');
    decide(tab, 'c', 'run:1');
    decide(tab, 'x', 'run:2');
    expect(sent(world)).toEqual(['a', 'x']);
    world.advance(1_000);
    expect(sent(world)).toEqual(['a', 'x', 'a']);
    ack(world, 'a');
    ack(world, 'b');
    expect(sent(world)).toEqual(['a', 'x', 'a', 'b', 'c']);
  });

  test('a high command that the server put off holds those behind it back over a reconnect, too', () => {
    const { world, tab } = connect();
    decide(tab, 'a', 'run:1');
    decide(tab, 'b', 'run:1');
    const nack = { code: 'busy', message: '', retry: true, retry_after_ms: 60_000 };
    world.socket.say({ type: 'command_nack', id: idOf(world, 'a'), ...nack });
    world.socket.close();
    world.advance(1_000);
    world.socket.welcome();
    expect(sent(world)).toEqual([]);
  });

  test('after a reconnect the unanswered one goes first, with the next attempt', () => {
    const { world, tab } = connect();
    decide(tab, 'a', 'run:1');
    decide(tab, 'b', 'run:1');
    world.socket.close();
    world.advance(1_000);
    world.socket.welcome();
    expect(world.socket.sent('command')).toMatchObject([{ command: { gate: 'a' }, attempt: 2 }]);
    ack(world, 'a');
    expect(sent(world)).toEqual(['a', 'b']);
  });

  test('are not counted in the window of normal ones', () => {
    const { world, tab } = connect({ settings: { inFlightLimit: 1 } });
    remark(tab, 1);
    for (const topic of ['r:1', 'r:2', 'r:3']) decide(tab, topic, topic);
    expect(sent(world)).toEqual([1, 'r:1', 'r:2', 'r:3']);
  });

  test('one that is cancelled makes way', () => {
    const { world, tab } = connect();
    decide(tab, 'a', 'run:1');
    const { id } = decide(tab, 'b', 'run:1');
    decide(tab, 'c', 'run:1');
    tab.call({ method: 'cancel', id });
    ack(world, 'a');
    expect(sent(world)).toEqual(['a', 'c']);
  });
});

describe('normal commands', () => {
  test('a window in flight, in order', () => {
    const { world, tab } = start({ settings: { inFlightLimit: 3 } });
    for (let n = 1; n <= 6; n++) remark(tab, n);
    world.socket.welcome();
    expect(sent(world)).toEqual([1, 2, 3]);
    ack(world, 2);
    expect(sent(world)).toEqual([1, 2, 3, 4]);
    ack(world, 1);
    ack(world, 3);
    ack(world, 4);
    expect(sent(world)).toEqual([1, 2, 3, 4, 5, 6]);
  });

  test('one that comes while those before it are being marked waits for them', () => {
    const { world, tab } = start();
    remark(tab, 1);
    world.autoCommit = false;
    world.disk.principal = 'ann';
    world.socket.welcome();
    world.commitNext();
    remark(tab, 2);
    expect(sent(world)).toEqual([]);
    while (world.commits.length > 0) world.commitNext();
    expect(sent(world)).toEqual([1, 2]);
  });

  test('the window is 128 by default', () => {
    const { world, tab } = connect();
    for (let n = 1; n <= 150; n++) remark(tab, n);
    expect(sent(world)).toHaveLength(128);
    expect(world.report.outbox).toMatchObject({ normal: 150, inFlight: 128 });
  });

  test('of large ones no more are in flight than 64 KiB, and one alone whatever its size', () => {
    const { world, tab } = connect();
    const large = (n: number, length: number) =>
      tab.send({ command: { type: 'remark', n, text: 'x'.repeat(length) }, topic: null });
    for (const n of [1, 2, 3, 4]) large(n, 30_000);
    large(5, 100_000);
    large(6, 10);
    const answer = () => {
      const { id } = world.socket.sent('command')[answered++] ?? { id: '' };
      world.socket.say({ type: 'command_ack', id });
    };
    let answered = 0;
    const inFlight = () => world.socket.sent('command').length - answered;
    const seen: number[] = [];
    while (answered < 6) {
      seen.push(inFlight());
      answer();
    }
    expect(seen).toEqual([2, 2, 2, 1, 1, 1]);
  });

  test('after a reconnect, in the order of their first sending', () => {
    const { world, tab } = connect({ settings: { inFlightLimit: 3 } });
    for (let n = 1; n <= 5; n++) remark(tab, n);
    ack(world, 2);
    world.socket.close();
    world.advance(1_000);
    world.socket.welcome();
    expect(sent(world)).toEqual([1, 3, 4]);
    expect(world.socket.sent('command').map(({ attempt }) => attempt)).toEqual([2, 2, 2]);
    ack(world, 1);
    expect(sent(world)).toEqual([1, 3, 4, 5]);
  });

  test('one that the server put off leaves its place in the window to the next', () => {
    const { world, tab } = connect({ settings: { inFlightLimit: 1 } });
    remark(tab, 1);
    remark(tab, 2);
    busy(world, 1);
    expect(sent(world)).toEqual([1, 2]);
    world.advance(1_000);
    ack(world, 2);
    expect(sent(world)).toEqual([1, 2, 1]);
  });
});

test('a random history keeps to the order', () => {
  let seed = 7;
  const random = (below: number) => {
    seed = (seed * 48_271) % 2_147_483_647;
    return seed % below;
  };
  for (let round = 0; round < 8; round++) {
    const { world, tab } = connect({ settings: { inFlightLimit: 4 } });
    const asked = new Map<string, { order: number; topic: string }>();
    for (let step = 0; step < 120; step++) {
      const { socket } = world;
      const mine = socket.state === 'open' ? socket.sent('command') : [];
      const frame = mine[random(mine.length || 1)];
      const action = random(6);
      if (action < 2 && asked.size < 40) {
        const topic = `run:${random(3)}`;
        asked.set(decide(tab, `g${step}`, topic).id, { order: step, topic });
      } else if (action === 2) remark(tab, step);
      else if (action === 3 && frame) socket.say({ type: 'command_ack', id: frame.id });
      else if (action === 4 && frame)
        socket.say({ type: 'command_nack', id: frame.id, code: 'busy', message: '', retry: true });
      else if (socket.state === 'open' && random(4) === 0) socket.close();
      world.advance(random(3_000));
      if (world.socket.state === 'connecting') world.socket.welcome();
    }
    const first = new Map<string, number>();
    for (const { id, priority } of world.sockets.flatMap((socket) => socket.sent('command'))) {
      const place = asked.get(id);
      if (priority !== 'high' || !place || first.has(id)) continue;
      for (const other of first.keys()) {
        const before = asked.get(other);
        if (before?.topic === place.topic) expect(before.order).toBeLessThan(place.order);
      }
      first.set(id, first.size);
    }
    expect(first.size).toBeGreaterThan(5);
  }
});
