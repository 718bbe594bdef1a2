import { expect, test } from 'vitest';
import { ManualClock } from '../../../testing/fakes/clock.ts';
import { Lifetime } from '../../../testing/fakes/lifetime.ts';
import { FakeNetwork } from '../../../testing/fakes/network.ts';

test('a message overtakes none that was sent before it, also where the latency falls meanwhile', async () => {
  const clock = new ManualClock();
  const network = new FakeNetwork(clock);
  const heard: string[] = [];
  const nothing = () => {};
  network.server = () => ({
    message: (text) => void heard.push(String(text)),
    received: nothing,
    reached: nothing,
    drained: nothing,
    broken: nothing,
    closed: nothing,
  });
  const socket = network.open(new Lifetime(), 'ws://made/');
  await clock.settle();

  network.latencyMs = 300;
  socket.send('first');
  network.latencyMs = 0;
  socket.send('second');
  await clock.advance(299);
  expect(heard).toEqual([]);
  await clock.advance(1);

  expect(heard).toEqual(['first', 'second']);
});

test('a socket that a dead worker opens in the last of its work reaches no server', async () => {
  const clock = new ManualClock();
  const network = new FakeNetwork(clock);
  let asked = 0;
  network.server = () => {
    asked++;
    throw new Error('nobody comes');
  };
  const life = new Lifetime();
  life.end();
  network.open(life, 'ws://made/');
  await clock.advance(1_000);
  expect([asked, network.wires]).toEqual([0, []]);
});
