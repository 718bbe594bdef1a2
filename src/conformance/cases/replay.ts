/** What followed a cursor comes again, without a hole, and goes on as it is published. */
import type { Case } from '../case.ts';
import { must } from '../outcome.ts';
import type { Trial } from '../trial.ts';

const texts = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, index) => `event ${from + index}`);
const publish = (trial: Trial, from: number, to: number) =>
  trial.publish(...texts(from, to).map((text) => ({ text })));

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
      await publish(trial, 1, 40);
      const isOver = { yes: false };
      const publishing = (async () => {
        for (let at = 41; at <= 400; at += 6) await publish(trial, at, at + 5);
        isOver.yes = true;
      })();
      const readers = [];
      let offset = 0;
      while (!isOver.yes) {
        const reader = await trial.join();
        const begun = await reader.line.subscribe(trial.topic, { cursor: { epoch, offset } });
        must(begun.subscribed.recovered, `a cursor at ${offset} was not recovered`);
        readers.push({ ...reader, from: offset });
        offset = begun.subscribed.offset;
      }
      await publishing;
      for (const reader of readers) {
        await reader.line.untilSeen(
          () => trial.textsOf(reader.line.events(trial.topic)).includes('event 400'),
          `the last event, by the reader from ${reader.from}`,
        );
        const given = trial.textsOf(reader.line.events(trial.topic));
        must(
          given.join() === texts(reader.from + 1, 400).join(),
          `the reader from ${reader.from} was given ${given.length} events, and not each once and in order`,
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
      const isOver = { yes: false };
      const publishing = (async () => {
        for (let at = 1; at <= 300; at += 6) await publish(trial, at, at + 5);
        isOver.yes = true;
      })();
      const readers = [];
      while (!isOver.yes) {
        const reader = await trial.join();
        const { state } = await reader.line.subscribe(trial.topic);
        readers.push({ ...reader, state });
      }
      await publishing;
      for (const { line, state } of readers) {
        await line.untilSeen(
          () =>
            [...(state?.events ?? []), ...line.events(trial.topic)].some(
              (event) => trial.textOf(event) === 'event 300',
            ),
          'the last event',
        );
        const given = trial.textsOf([...(state?.events ?? []), ...line.events(trial.topic)]);
        must(
          given.join() === texts(1, 300).join(),
          `state and events from offset ${state?.offset} on are ${given.length}, and not each once and in order`,
        );
      }
    },
  },
];
