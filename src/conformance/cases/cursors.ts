/** Cursors that the server cannot place, or that lie. */
import type { Case } from '../case.ts';
import { must } from '../outcome.ts';
import type { Trial } from '../trial.ts';

const NEEDS = ['publish', 'own topic'] as const;

async function topicOfThree(trial: Trial) {
  const { line, clientId } = await trial.join();
  const { subscribed } = await line.subscribe(trial.topic);
  for (const text of ['one', 'two', 'three']) {
    await trial.publish({ text });
    await trial.quiet(5);
  }
  await line.untilSeen(() => line.events(trial.topic).length >= 3, 'three events');
  return { line, clientId, epoch: subscribed.epoch, events: line.events(trial.topic) };
}

export const CURSORS: readonly Case[] = [
  {
    id: 'cursors/other-epoch',
    level: 'smallest',
    sentence: 'A cursor that the server cannot place (another epoch;',
    async judge(trial) {
      const { line } = await trial.join();
      const cursor = { epoch: 'an epoch that never was', offset: 1 };
      const { subscribed, state } = await line.subscribe(trial.topic, { cursor });
      must(!subscribed.recovered && state !== null, 'a cursor of an epoch that never was is recovered');
      must(subscribed.epoch !== cursor.epoch, 'the server took over the epoch of a cursor');
    },
  },
  {
    id: 'cursors/beyond',
    level: 'smallest',
    sentence: 'an offset beyond the newest one',
    async judge(trial) {
      const { line } = await trial.join();
      const { subscribed } = await line.subscribe(trial.topic);
      const cursor = { epoch: subscribed.epoch, offset: subscribed.offset + 1_000_000 };
      const begun = await line.subscribe(trial.topic, { cursor });
      must(
        !begun.subscribed.recovered && begun.state !== null,
        'a cursor beyond the newest offset is recovered',
      );
    },
  },
  {
    id: 'cursors/for-itself-alone',
    level: 'smallest',
    sentence: 'no client can make another one begin anew, be it wrong or lying.',
    async judge(trial) {
      const [one, liar] = [await trial.join(), await trial.join()];
      const { subscribed } = await one.line.subscribe(trial.topic);
      const { epoch, offset } = subscribed;
      const lies = [
        { epoch, offset: Number.MAX_SAFE_INTEGER },
        { epoch, offset: offset + 1_000 },
      ];
      for (const cursor of lies) {
        const lastSeen = { offset: cursor.offset, ts: 1 };
        await liar.line.subscribe(trial.topic, { cursor, lastSeen });
        await liar.line.resync(trial.topic, { cursor, lastSeen: 1 });
      }
      await trial.quiet();
      await one.line.settle();
      must(
        one.line.all('subscribed').length === 1,
        'another client had to begin anew for a cursor that lies',
      );
      const after = await one.line.resync(trial.topic);
      must(after.subscribed.epoch === epoch, 'a cursor that lies has begun a new epoch');
    },
  },
  {
    id: 'cursors/new-epoch-while-connected',
    level: 'full',
    sentence: "and followed by a `snapshot`, when a topic's epoch changes during a connection.",
    needs: [...NEEDS, 'renew'],
    alone: true,
    async judge(trial) {
      const { line, epoch, events } = await topicOfThree(trial);
      await trial.control.renew();
      await trial.publish({ text: 'four' });
      const unasked = () =>
        line.all('subscribed').find(({ ref, topic }) => ref === 0 && topic === trial.topic);
      await line.untilSeen(() => line.isClosed || unasked() !== undefined, 'an unasked `subscribed`');
      const told = unasked();
      if (told) {
        must(told.epoch !== epoch && !told.recovered, 'an unasked `subscribed` tells no new epoch');
        const { state } = await line.begun(trial.topic, 0);
        await trial.publish({ text: 'five' });
        await line.next('event', (event) => trial.textOf(event) === 'five');
        const after = line.events(trial.topic).slice(events.length);
        const texts = trial.textsOf([...(state?.events ?? []), ...after]);
        must(
          texts.join() === 'one,two,three,four,five',
          `state and events of the new epoch are ${texts.join()}`,
        );
      }
      // The next connection is told in any case.
      const other = await trial.join();
      const cursor = { epoch, offset: events[0]?.offset ?? 0 };
      const { subscribed } = await other.line.subscribe(trial.topic, { cursor });
      must(!subscribed.recovered && subscribed.epoch !== epoch, 'a cursor of the former epoch is recovered');
    },
  },
  {
    id: 'cursors/own-event',
    level: 'full',
    sentence: 'a server says `recovered` only where its own event at that offset has that `ts`.',
    needs: NEEDS,
    async judge(trial) {
      const { clientId, epoch, events } = await topicOfThree(trial);
      const [, two] = events;
      must(two !== undefined, 'the second event did not come');
      const { line } = await trial.join({ clientId });
      const cursor = { epoch, offset: two.offset };
      const right = await line.subscribe(trial.topic, {
        cursor,
        lastSeen: { offset: two.offset, ts: two.ts },
      });
      must(right.subscribed.recovered, 'a cursor that its event proves was not recovered');
      const wrong = await line.subscribe(trial.topic, {
        cursor,
        lastSeen: { offset: two.offset, ts: two.ts - 1_000 },
      });
      must(
        !wrong.subscribed.recovered && wrong.state !== null,
        'a cursor was recovered whose event has another `ts`',
      );
    },
  },
  {
    id: 'cursors/without-proof',
    level: 'full',
    sentence: 'Without `last_seen` the server goes by the cursor alone',
    needs: NEEDS,
    async judge(trial) {
      const { clientId, epoch, events } = await topicOfThree(trial);
      const offset = events[0]?.offset ?? 0;
      const { line } = await trial.join({ clientId });
      const begun = await line.subscribe(trial.topic, { cursor: { epoch, offset } });
      must(begun.subscribed.recovered, 'a cursor without `last_seen` was not recovered');
      await line.untilSeen(() => line.events(trial.topic).length >= 2, 'two events');
    },
  },
];
