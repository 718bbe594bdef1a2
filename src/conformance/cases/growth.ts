/** What a later version may send is passed over. */
import type { Case } from '../case.ts';
import { must } from '../outcome.ts';

const SENTENCE =
  '**Unknown things are ignored**, and counted: a frame of an unknown type, and an unknown field of a known frame.';

export const GROWTH: readonly Case[] = [
  {
    id: 'growth/unknown-type',
    level: 'smallest',
    sentence: SENTENCE,
    async judge(trial) {
      const { line } = await trial.join();
      line.sendText(JSON.stringify({ type: 'of_a_later_version', anything: [1, { type: 'ping' }] }));
      line.sendText(JSON.stringify([{ type: 'of_a_later_version' }, { type: 'ping', id: 71 }]));
      await line.next('pong', ({ id }) => id === 71);
    },
  },
  {
    id: 'growth/unknown-fields',
    level: 'smallest',
    sentence: SENTENCE,
    async judge(trial) {
      const line = await trial.socket();
      line.sendText(JSON.stringify({ ...trial.hello(), later: { nested: true } }));
      await line.next('welcome');
      line.sendText(JSON.stringify({ type: 'subscribe', topic: trial.topic, ref: 1, later: null }));
      await line.begun(trial.topic, 1);
      line.sendText(JSON.stringify({ type: 'ping', id: 72, later: 'x' }));
      await line.next('pong', ({ id }) => id === 72);
    },
  },
  {
    id: 'growth/no-traceparent',
    level: 'smallest',
    sentence: 'A `traceparent` that is none counts as left out.',
    needs: ['accept'],
    async judge(trial) {
      const { line } = await trial.join();
      for (const traceparent of [5, 'none', `00-${'0'.repeat(32)}-${'0'.repeat(16)}-01`, 'x'.repeat(1_000)]) {
        const command = trial.command('accept');
        line.sendText(JSON.stringify({ ...command, traceparent }));
        await line.accepted(command.id);
      }
    },
  },
  {
    id: 'growth/several-in-a-message',
    level: 'smallest',
    sentence: 'which are processed in order as if they had come in messages of their own.',
    async judge(trial) {
      const line = await trial.socket();
      line.send(trial.hello(), { type: 'ping', id: 1 }, { type: 'ping', id: 2 });
      await line.next('welcome');
      await line.next('pong', ({ id }) => id === 2);
      const ids = line.all('pong').map(({ id }) => id);
      must(ids.join() === '1,2', `pings 1 and 2 were answered in the order ${ids.join()}`);
    },
  },
  {
    id: 'growth/acks-of-nothing',
    level: 'smallest',
    sentence: 'that were acknowledged before, or that are of a former epoch are ignored.',
    async judge(trial) {
      const { line } = await trial.join();
      const { subscribed } = await line.subscribe(trial.topic);
      line.send({ type: 'ack', topic: trial.topic, epoch: subscribed.epoch, offsets: [1_000_000] });
      line.send({ type: 'ack', topic: trial.topic, epoch: 'another', offsets: [] });
      line.unsubscribe(trial.topic);
      line.unsubscribe(trial.topic);
      await line.settle();
    },
  },
  {
    id: 'growth/unsubscribed',
    level: 'smallest',
    sentence: 'the topic; whatever subscription of it this connection has ends',
    needs: ['events'],
    async judge(trial) {
      const [{ line }, watcher] = [await trial.join(), await trial.join()];
      await line.subscribe(trial.topic);
      const { state } = await watcher.line.subscribe(trial.topic);
      line.unsubscribe(trial.topic);
      await line.settle();
      await trial.quiet();
      const before = line.events(trial.topic).length;
      const from = Math.max(state?.offset ?? 0, watcher.line.events(trial.topic).at(-1)?.offset ?? 0);
      await trial.causeEvents(2);
      await watcher.line.untilSeen(
        () => (watcher.line.events(trial.topic).at(-1)?.offset ?? 0) >= from + 2,
        'two events',
      );
      await line.settle();
      must(line.events(trial.topic).length === before, 'events came after `unsubscribe`');
    },
  },
  {
    id: 'growth/subscribed-anew',
    level: 'smallest',
    sentence: 'that is subscribed already replaces that subscription.',
    needs: ['events'],
    async judge(trial) {
      const { line } = await trial.join();
      await line.subscribe(trial.topic);
      const { state } = await line.resync(trial.topic);
      const from = state?.offset ?? 0;
      await trial.causeEvents(3);
      await line.untilSeen(() => (line.events(trial.topic).at(-1)?.offset ?? 0) >= from + 3, 'three events');
      const offsets = line
        .events(trial.topic)
        .map(({ offset }) => offset)
        .filter((offset) => offset > from);
      must(
        offsets.length === new Set(offsets).size,
        'events came twice after a second request for the topic',
      );
    },
  },
];
