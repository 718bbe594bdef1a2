/** What followed a cursor comes again, without a hole, and goes on as it is published. */

import type { SnapshotItem } from '../../protocol/frames/index.ts';
import type { Case } from '../case.ts';
import type { Begun, Line } from '../line.ts';
import { must } from '../outcome.ts';
import type { Trial } from '../trial.ts';

const READERS = 8;
/** A snapshot's newest events without a key are no more than these. */
const MOST_EVENTS = 480;

const texts = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, index) => `event ${from + index}`);
const publish = (trial: Trial, from: number, to: number) =>
  trial.publish(...texts(from, to).map((text) => ({ text })));

/** Lets readers begin one after the other while events are published all the time; resolves to how many those were. */
async function whilePublishing(trial: Trial, beginReader: () => Promise<void>): Promise<number> {
  let count = 0;
  let isOver = false;
  const publishing = (async () => {
    while (!isOver && count < MOST_EVENTS) {
      await publish(trial, count + 1, count + 6);
      count += 6;
    }
    await publish(trial, count + 1, count + 1);
    return count + 1;
  })();
  // Where a reader breaks first, that is what is told.
  publishing.catch(() => {});
  try {
    for (let reader = 0; reader < READERS; reader += 1) await beginReader();
  } finally {
    isOver = true;
  }
  return await publishing;
}

/** The event that was published last has come to the reader, or was in its state. */
async function untilNewest(
  trial: Trial,
  line: Line,
  state: readonly SnapshotItem[],
  newest: number,
): Promise<void> {
  const isIt = (event: { event: SnapshotItem['event'] }) => trial.textOf(event) === `event ${newest}`;
  await line.untilSeen(() => [...state, ...line.events(trial.topic)].some(isIt), 'the last event');
}

export const REPLAY: readonly Case[] = [
  {
    id: 'replay/recovered',
    level: 'full',
    sentence: "`true`: everything after the client's cursor follows, as `event` frames.",
    needs: ['publish', 'own topic'],
    async judge(trial) {
      const { line, clientId } = await trial.join();
      const { subscribed } = await line.subscribe(trial.topic);
      await publish(trial, 1, 5);
      await line.untilSeen(() => line.events(trial.topic).length >= 5, 'five events');
      const second = line.events(trial.topic)[1];
      must(second !== undefined, 'the second event did not come');
      line.cut();
      await publish(trial, 6, 8);
      const again = await trial.join({ clientId });
      const cursor = { epoch: subscribed.epoch, offset: second.offset };
      const begun = await again.line.subscribe(trial.topic, {
        cursor,
        lastSeen: { offset: second.offset, ts: second.ts },
      });
      must(begun.subscribed.recovered, 'a cursor that history holds was not recovered');
      await publish(trial, 9, 9);
      await again.line.untilSeen(
        () => trial.textsOf(again.line.events(trial.topic)).includes('event 9'),
        'what was published after the replay',
      );
      const given = trial.textsOf(again.line.events(trial.topic));
      must(given.join() === texts(3, 9).join(), `after the cursor came ${given.join()}`);
    },
  },
  {
    id: 'replay/from-the-beginning',
    level: 'full',
    sentence: '0 stands before the first event',
    needs: ['publish', 'own topic'],
    async judge(trial) {
      const { line } = await trial.join();
      const { subscribed } = await line.subscribe(trial.topic);
      must(subscribed.offset === 0, `a topic without events stands at ${subscribed.offset}`);
      await publish(trial, 1, 3);
      const again = await trial.join();
      const begun = await again.line.subscribe(trial.topic, {
        cursor: { epoch: subscribed.epoch, offset: 0 },
      });
      must(begun.subscribed.recovered, 'a cursor at 0 was not recovered');
      await again.line.untilSeen(() => again.line.events(trial.topic).length >= 3, 'three events');
      must(
        trial.textsOf(again.line.events(trial.topic)).join() === texts(1, 3).join(),
        'the replay from 0 is another one',
      );
    },
  },
  {
    id: 'replay/into-live',
    level: 'full',
    sentence: 'The `prev` of the first event after a snapshot is the',
    needs: ['publish', 'own topic'],
    async judge(trial) {
      const { line } = await trial.join();
      const { subscribed } = await line.subscribe(trial.topic);
      const { epoch } = subscribed;
      let offset = 0;
      const readers: { line: Line; from: number }[] = [];
      const newest = await whilePublishing(trial, async () => {
        const { line } = await trial.join();
        const begun = await line.subscribe(trial.topic, { cursor: { epoch, offset } });
        must(begun.subscribed.recovered, `a cursor at ${offset} was not recovered`);
        readers.push({ line, from: offset });
        offset = begun.subscribed.offset;
      });
      for (const { line, from } of readers) {
        await untilNewest(trial, line, [], newest);
        const given = trial.textsOf(line.events(trial.topic));
        must(
          given.join() === texts(from + 1, newest).join(),
          `the reader from ${from} was given ${given.length} events, and not each once and in order`,
        );
      }
    },
  },
  {
    id: 'replay/into-live-from-a-snapshot',
    level: 'full',
    sentence: 'the state is as of this offset; the next `event` follows it',
    needs: ['publish', 'own topic'],
    async judge(trial) {
      const readers: { line: Line; begun: Begun }[] = [];
      const newest = await whilePublishing(trial, async () => {
        const { line } = await trial.join();
        readers.push({ line, begun: await line.subscribe(trial.topic) });
      });
      for (const { line, begun } of readers) {
        const items = begun.state?.events ?? [];
        await untilNewest(trial, line, items, newest);
        const given = trial.textsOf([...items, ...line.events(trial.topic)]);
        must(
          given.join() === texts(1, newest).join(),
          `state and events from offset ${begun.state?.offset} on are ${given.length}, and not each once and in order`,
        );
      }
    },
  },
];
