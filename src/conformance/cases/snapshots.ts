/** The state of a topic: its keys, its tail, its parts; and what was missed. */
import type { Case } from '../case.ts';
import { must, NotJudged } from '../outcome.ts';
import type { Trial } from '../trial.ts';

const NEEDS = ['publish', 'own topic'] as const;
const SMALL_BYTES = 4_096;
/** Of `missed`, where the server keeps to what is usual. */
const MOST_MISSED = 10_000;
const PUBLISHED_AT_ONCE = 500;

async function missedTopic(trial: Trial) {
  const { line } = await trial.join();
  const { subscribed } = await line.subscribe(trial.topic);
  for (const text of ['one', 'two', 'three']) {
    await trial.publish({ text });
    await trial.quiet(5);
  }
  await trial.publish({ text: 'gone', key: 'k', gone: true });
  await line.untilSeen(() => line.events(trial.topic).length >= 4, 'four events');
  const [one] = line.events(trial.topic);
  must(one !== undefined, 'the first event did not come');
  return { line, one, epoch: subscribed.epoch };
}

const ALL_BUT_ONE = 'two,three,gone';

export const SNAPSHOTS: readonly Case[] = [
  {
    id: 'snapshots/keys',
    level: 'full',
    sentence: 'a newer event of the same key replaces the older one',
    needs: NEEDS,
    async judge(trial) {
      await trial.publish(
        { key: 'a', text: 'a old' },
        { text: 'line one' },
        { key: 'b', text: 'b' },
        { key: 'c', text: 'c' },
        { key: 'a', text: 'a new' },
        { text: 'line two' },
        { key: 'c', text: 'c gone', gone: true },
      );
      const { line } = await trial.join();
      const { state } = await line.subscribe(trial.topic);
      const texts = trial.textsOf(state?.events ?? []);
      must(texts.join() === 'line one,b,a new,line two', `the state is ${texts.join()}`);
      const keys = state?.events.map(({ key }) => key ?? '').join();
      must(keys === ',b,a,', `the keys of the state are ${keys}`);
    },
  },
  {
    id: 'snapshots/tombstone-live',
    level: 'full',
    sentence: 'a tombstone: the key no longer exists',
    needs: NEEDS,
    async judge(trial) {
      const { line } = await trial.join();
      await line.subscribe(trial.topic);
      await trial.publish(
        { key: 'a', text: 'here' },
        { key: 'a', text: 'gone', gone: true },
        { key: 'a', text: 'back' },
      );
      await line.untilSeen(() => line.events(trial.topic).length >= 3, 'three events');
      const seen = line.events(trial.topic).map(({ key, gone }) => `${key} ${gone === true}`);
      must(seen.join() === 'a false,a true,a false', `key and gone were ${seen.join()}`);
      const { state } = await line.resync(trial.topic);
      must(trial.textsOf(state?.events ?? []).join() === 'back', 'a key that came again is not in the state');
    },
  },
  {
    id: 'snapshots/newest',
    level: 'full',
    sentence: "the server's timestamp of that event: the client's new last seen",
    needs: NEEDS,
    async judge(trial) {
      const { line } = await trial.join();
      await line.subscribe(trial.topic);
      await trial.publish({ text: 'one' }, { text: 'two' });
      const two = await line.next('event', (event) => trial.textOf(event) === 'two');
      const { state, subscribed } = await line.resync(trial.topic);
      must(state?.offset === two.offset, `the snapshot is of ${state?.offset}, not of ${two.offset}`);
      must(
        subscribed.offset === two.offset,
        `\`subscribed\` is of ${subscribed.offset}, not of ${two.offset}`,
      );
      must(
        state.ts === two.ts,
        `the snapshot's \`ts\` is ${state.ts}, and that of its newest event is ${two.ts}`,
      );
    },
  },
  {
    id: 'snapshots/parts-within-the-limit',
    level: 'full',
    sentence: 'Each part fits `hello.max_frame_bytes`.',
    needs: NEEDS,
    async judge(trial) {
      // Of 1, 2, 3 and 4 bytes in UTF-8, and what JSON may escape.
      const text = (index: number) => `${index} ${'aä€😀"\\'.repeat(20 + (index % 9) * 8)}`;
      const events = Array.from({ length: 120 }, (_, index) => ({
        key: `key ${index} ü`,
        text: text(index),
      }));
      for (let at = 0; at < events.length; at += 20) await trial.publish(...events.slice(at, at + 20));
      const { line } = await trial.join({ maxFrameBytes: SMALL_BYTES });
      const { state } = await line.subscribe(trial.topic);
      const texts = trial.textsOf(state?.events ?? []);
      must(
        texts.join() === events.map((event) => event.text).join(),
        `${texts.length} of 120 keys are in the state, or in another order`,
      );
      must((state?.parts ?? 0) > 1, 'it came in one part');
      const largest = Math.max(...line.sizes);
      must(
        largest <= SMALL_BYTES,
        `a message of ${largest} bytes came, where \`max_frame_bytes\` is ${SMALL_BYTES}`,
      );
    },
  },
  {
    id: 'snapshots/replay-within-the-limit',
    level: 'full',
    sentence: 'a server none larger than `hello.max_frame_bytes`',
    needs: NEEDS,
    async judge(trial) {
      const { line } = await trial.join();
      const { subscribed } = await line.subscribe(trial.topic);
      const events = Array.from({ length: 60 }, (_, index) => ({ text: `${index} ${'€'.repeat(200)}` }));
      for (let at = 0; at < events.length; at += 20) await trial.publish(...events.slice(at, at + 20));
      const small = await trial.join({ maxFrameBytes: SMALL_BYTES });
      await small.line.subscribe(trial.topic, { cursor: { epoch: subscribed.epoch, offset: 0 } });
      await small.line.untilSeen(() => small.line.events(trial.topic).length >= 60, '60 events');
      const largest = Math.max(...small.line.sizes);
      must(
        largest <= SMALL_BYTES,
        `a message of ${largest} bytes came, where \`max_frame_bytes\` is ${SMALL_BYTES}`,
      );
    },
  },
  {
    id: 'snapshots/tail',
    level: 'full',
    sentence: 'the newest events without a key (as many as the server keeps, 500 by default)',
    needs: NEEDS,
    async judge(trial) {
      const texts = Array.from({ length: 600 }, (_, index) => `${index}`);
      await trial.publish({ key: 'a', text: 'the oldest of all' });
      for (let at = 0; at < texts.length; at += 100) {
        await trial.publish(...texts.slice(at, at + 100).map((text) => ({ text })));
      }
      const { line } = await trial.join();
      const { state } = await line.subscribe(trial.topic);
      const [oldest, ...tail] = trial.textsOf(state?.events ?? []);
      must(
        oldest === 'the oldest of all',
        'a key is not in the state any more, behind many events without a key',
      );
      must(tail.length > 0, 'no event without a key is in the state');
      must(
        tail.join() === texts.slice(-tail.length).join(),
        'the events without a key in the state are not the newest ones',
      );
    },
  },
  {
    id: 'missed/truncated',
    level: 'full',
    sentence:
      '`missed` lacks something: history no longer holds what followed the cursor, or does not reach back to `last_seen`',
    needs: NEEDS,
    async judge(trial) {
      const { line } = await missedTopic(trial);
      // Long before the server was there.
      const { state } = await line.resync(trial.topic, { lastSeen: 1 });
      must(
        state?.truncated === true,
        '`missed` is not called `truncated` since a time to which the history does not reach',
      );
      const texts = trial.textsOf(state.missed ?? []);
      must(texts.join() === `one,${ALL_BUT_ONE}`, `what history has of it is ${texts.join()}`);
    },
  },
  {
    id: 'missed/truncated-by-cursor',
    level: 'full',
    sentence: 'or it was more than the newest 10,000.',
    needs: NEEDS,
    alone: true,
    async judge(trial) {
      const { line } = await trial.join();
      const { subscribed } = await line.subscribe(trial.topic);
      line.cut();
      const cursor = { epoch: subscribed.epoch, offset: 0 };
      let count = 0;
      // A server that sends less is judged sooner.
      for (const wanted of [2 * PUBLISHED_AT_ONCE, MOST_MISSED + PUBLISHED_AT_ONCE]) {
        for (; count < wanted; count += PUBLISHED_AT_ONCE) {
          const from = count;
          await trial.publish(
            ...Array.from({ length: PUBLISHED_AT_ONCE }, (_, index) => ({ text: `${from + index}` })),
          );
        }
        const reader = await trial.join();
        const { state } = await reader.line.resync(trial.topic, { cursor });
        reader.line.cut();
        const missed = trial.textsOf(state?.missed ?? []);
        const newest = Array.from({ length: missed.length }, (_, at) => `${count - missed.length + at}`);
        must(missed.length > 0, '`missed` is empty');
        must(missed.join() === newest.join(), '`missed` is not what was published last, whole and in order');
        if (missed.length === count) must(!state?.truncated, '`missed` is called `truncated`, and is whole');
        else {
          must(state?.truncated === true, `${missed.length} of ${count} events are not called \`truncated\``);
          return;
        }
      }
      throw new NotJudged(`all of ${count} events were in its \`missed\``);
    },
  },
  {
    id: 'missed/by-cursor',
    level: 'full',
    sentence: 'Superseded events and tombstones are in it too.',
    needs: NEEDS,
    async judge(trial) {
      const { line, one, epoch } = await missedTopic(trial);
      const { state } = await line.resync(trial.topic, {
        cursor: { epoch, offset: one.offset },
        lastSeen: one.ts,
      });
      const texts = trial.textsOf(state?.missed ?? []);
      must(texts.join() === ALL_BUT_ONE, `\`missed\` after the first event is ${texts.join()}`);
      must(state?.missed?.at(-1)?.gone === true, 'the tombstone in `missed` is not marked as `gone`');
      must(state.truncated === false, '`missed` is called `truncated`, and is whole');
    },
  },
  {
    id: 'missed/by-last-seen',
    level: 'full',
    sentence: 'For a `last_seen`, `missed` is everything after the last event with a `ts` *below* it',
    needs: NEEDS,
    async judge(trial) {
      const { line, one } = await missedTopic(trial);
      const other = { epoch: 'an epoch that never was', offset: 7 };
      for (const cursor of [undefined, other]) {
        const { state } = await line.resync(trial.topic, { lastSeen: one.ts, ...(cursor && { cursor }) });
        const texts = trial.textsOf(state?.missed ?? []);
        must(
          texts.join() === ALL_BUT_ONE || texts.join() === `one,${ALL_BUT_ONE}`,
          `\`missed\` by the \`ts\` of the first event is ${texts.join()}`,
        );
        must(texts[0] === 'one', 'what has the `ts` of `last_seen` is not in `missed`');
      }
    },
  },
  {
    id: 'missed/without-either',
    level: 'full',
    sentence: 'with `missed` if a cursor of this epoch or a `last_seen` was given.',
    needs: NEEDS,
    async judge(trial) {
      const { line } = await missedTopic(trial);
      const { state } = await line.resync(trial.topic);
      must(state?.missed === null, '`missed` came without a cursor and without a `last_seen`');
      must(!state.truncated, 'a state without `missed` is called `truncated`');
    },
  },
  {
    id: 'missed/state-alone',
    level: 'full',
    sentence: 'the client asks for the state alone: the snapshot has no `missed`.',
    needs: NEEDS,
    async judge(trial) {
      const { line, one, epoch } = await missedTopic(trial);
      const cursor = { epoch, offset: one.offset };
      const { state } = await line.resync(trial.topic, { cursor, lastSeen: one.ts, missed: false });
      // A server may not know the field.
      must(
        state?.missed === null || trial.textsOf(state?.missed ?? []).join() === ALL_BUT_ONE,
        'asked for the state alone, it sent a `missed` that is neither absent nor right',
      );
    },
  },
];
