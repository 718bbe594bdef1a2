import { expect, test } from 'vitest';
import { ManualClock } from '../../../testing/fakes/clock.ts';
import { Lifetime } from '../../../testing/fakes/lifetime.ts';
import { FakeLocks } from '../../../testing/fakes/locks.ts';

function world() {
  const clock = new ManualClock();
  const fake = new FakeLocks(clock);
  const heard: string[] = [];
  const party = (name: string) => {
    const life = new Lifetime();
    const locks = fake.of(life);
    let release = () => {};
    const hold = (lock: string, options: LockOptions = {}) =>
      locks
        .request(lock, options, (granted) => {
          heard.push(granted ? `${name} has ${lock}` : `${name} is refused ${lock}`);
          return granted ? new Promise<void>((resolve) => (release = resolve)) : undefined;
        })
        .catch((error: Error) => heard.push(`${name} lost ${lock}: ${error.name}`));
    return { life, locks, hold, release: () => release() };
  };
  return { clock, heard, party };
}

test('a lock passes on in the order of the requests, also at the death of its holder', async () => {
  const { clock, heard, party } = world();
  const [a, b, c] = [party('a'), party('b'), party('c')];
  a.hold('x');
  b.hold('x');
  c.hold('x');
  await clock.settle();
  expect(heard).toEqual(['a has x']);
  a.life.end();
  await clock.settle();
  b.release();
  await clock.settle();
  expect(heard).toEqual(['a has x', 'b has x', 'c has x']);
});

test('shared requests are held together, and wait for an exclusive one that was first', async () => {
  const { clock, heard, party } = world();
  const [a, b, c, d] = [party('a'), party('b'), party('c'), party('d')];
  a.hold('x', { mode: 'shared' });
  b.hold('x', { mode: 'shared' });
  c.hold('x');
  d.hold('x', { mode: 'shared' });
  await clock.settle();
  expect(heard).toEqual(['a has x', 'b has x']);
  a.release();
  b.release();
  await clock.settle();
  expect(heard.slice(2)).toEqual(['c has x']);
  c.release();
  await clock.settle();
  expect(heard.slice(3)).toEqual(['d has x']);
});

test('a lock is stolen, refused where it is only wanted when free, and not waited for after an abort', async () => {
  const { clock, heard, party } = world();
  const [a, b, c, d] = [party('a'), party('b'), party('c'), party('d')];
  const over = new AbortController();
  a.hold('x');
  await clock.settle();
  b.hold('x', { ifAvailable: true });
  c.hold('x', { signal: over.signal });
  await clock.settle();
  over.abort();
  d.hold('x', { steal: true });
  await clock.settle();
  expect(heard.toSorted()).toEqual(
    ['a has x', 'a lost x: AbortError', 'b is refused x', 'c lost x: AbortError', 'd has x'].toSorted(),
  );
});
