/** Critical events are repeated to each client that was given them, until it acknowledges. */
import type { Case } from '../case.ts';
import type { Line } from '../line.ts';
import { must, NotJudged } from '../outcome.ts';
import type { Trial } from '../trial.ts';

const NEEDS = ['publish', 'own topic'] as const;
const ALARM = 'an alarm';
const LONGEST_REPEAT_MS = 60_000;
const MOST_ACKNOWLEDGED = 10_000;

async function isRepeated(
  trial: Trial,
  line: Line,
  text: string,
  what: string,
  within?: number,
): Promise<void> {
  await line.untilSeen(
    () => trial.textsOf(line.redeliveries(trial.topic)).includes(text),
    `the repeat of a critical event ${what}`,
    within ?? trial.profile.patience_ms,
  );
}

/** Long enough that a repeat which comes at once would have come. */
async function isNotRepeatedAtOnce(trial: Trial, line: Line, text: string, what: string): Promise<void> {
  await line.settle();
  await trial.quiet();
  must(!trial.textsOf(line.redeliveries(trial.topic)).includes(text), `a critical event ${what} is repeated`);
}

/** A client that is subscribed. */
async function listening(trial: Trial, person = 0) {
  const { line, clientId, welcome } = await trial.join({ person });
  const { subscribed } = await line.subscribe(trial.topic);
  return { line, clientId, welcome, person, epoch: subscribed.epoch };
}

async function alarmOf(trial: Trial, line: Line, text = ALARM) {
  const event = await line.next('event', (frame) => trial.textOf(frame) === text && !frame.redelivery, {
    what: `the critical event "${text}"`,
  });
  must(event.ack === true, 'a critical event lacks `ack`');
  return event;
}

/** A client that is subscribed, and is given a critical event that it does not acknowledge. */
async function given(trial: Trial) {
  const client = await listening(trial);
  await trial.publish({ text: ALARM, critical: true });
  const { offset } = await alarmOf(trial, client.line);
  return { ...client, offset };
}

/** The same client on another socket, from a cursor on. */
async function backAt(
  trial: Trial,
  { clientId, epoch, person = 0 }: { clientId: string; epoch: string; person?: number },
  offset: number,
) {
  const { line } = await trial.join({ clientId, person });
  const begun = await line.subscribe(trial.topic, { cursor: { epoch, offset } });
  return { line, begun };
}

/** In one `ack` of so many offsets: of the others no event is critical. */
async function acknowledgeAmong(
  trial: Trial,
  { line, welcome, epoch }: Awaited<ReturnType<typeof listening>>,
  offset: number,
  count: number,
): Promise<void> {
  const offsets = [...Array.from({ length: count - 1 }, () => 1), offset];
  const ack = { type: 'ack' as const, topic: trial.topic, epoch, offsets };
  const { max_frame_bytes: limit = Number.POSITIVE_INFINITY } = welcome;
  if (JSON.stringify(ack).length > limit) {
    throw new NotJudged(`${count} offsets do not fit into its \`max_frame_bytes\` of ${limit}`);
  }
  line.send(ack);
  await line.settle();
  await trial.quiet();
}

export const CRITICALS: readonly Case[] = [
  {
    id: 'criticals/repeated-in-time',
    level: 'full',
    sentence: 'It does so on the same connection 5 seconds after the event, backing off to 60 seconds;',
    needs: NEEDS,
    async judge(trial) {
      const { line } = await given(trial);
      await isNotRepeatedAtOnce(trial, line, ALARM, 'that was given just now');
      const { repeat_ms, patience_ms } = trial.profile;
      await isRepeated(trial, line, ALARM, 'on the same connection', repeat_ms + patience_ms);
    },
  },
  {
    id: 'criticals/backs-off',
    level: 'full',
    sentence: 'It does so on the same connection 5 seconds after the event, backing off to 60 seconds;',
    needs: NEEDS,
    async judge(trial) {
      const { line } = await given(trial);
      const { repeat_ms, patience_ms } = trial.profile;
      await isRepeated(trial, line, ALARM, 'on the same connection', repeat_ms + patience_ms);
      const first = performance.now();
      await line.untilSeen(
        () => line.redeliveries(trial.topic).length >= 2,
        'the second repeat of a critical event',
        LONGEST_REPEAT_MS + patience_ms,
      );
      const apart = performance.now() - first;
      must(
        apart > repeat_ms * 1.2,
        `a critical event came again ${Math.round(apart)} ms after its first repeat: the distances do not grow`,
      );
    },
  },
  {
    id: 'criticals/backs-off-to-a-minute',
    level: 'full',
    sentence: 'It does so on the same connection 5 seconds after the event, backing off to 60 seconds;',
    async judge() {
      throw new NotJudged('the distances grow to 60 seconds over minutes, which no run waits for');
    },
  },
  {
    id: 'criticals/unsubscribed',
    level: 'full',
    sentence: 'the topic; whatever subscription of it this connection has ends',
    needs: NEEDS,
    async judge(trial) {
      const { line } = await given(trial);
      line.unsubscribe(trial.topic);
      await line.settle();
      // Those were on their way.
      const before = line.redeliveries(trial.topic).length;
      await trial.quiet(trial.profile.repeat_ms * 1.3);
      await line.settle();
      must(
        line.redeliveries(trial.topic).length === before,
        'a critical event of a topic that was unsubscribed is repeated',
      );
    },
  },
  {
    id: 'criticals/subscribed-anew',
    level: 'full',
    sentence: 'that is subscribed already replaces that subscription.',
    needs: NEEDS,
    async judge(trial) {
      const { line, epoch, offset } = await given(trial);
      for (const times of [1, 2]) {
        await line.subscribe(trial.topic, { cursor: { epoch, offset } });
        await line.untilSeen(
          () => line.redeliveries(trial.topic).length >= times,
          'the repeat of a critical event at once after a `subscribe`',
        );
      }
      const before = line.redeliveries(trial.topic).length;
      const { repeat_ms, patience_ms } = trial.profile;
      await line.untilSeen(
        () => line.redeliveries(trial.topic).length > before,
        'the repeat of a critical event on the same connection',
        repeat_ms + patience_ms,
      );
      await trial.quiet();
      const times = line.redeliveries(trial.topic).length - before;
      must(times === 1, `after three requests for one topic its critical event comes ${times} times at once`);
    },
  },
  {
    id: 'criticals/repeated-after-a-snapshot',
    level: 'full',
    sentence: 'what came first in that very',
    needs: NEEDS,
    async judge(trial) {
      await trial.publish({ text: ALARM, critical: true, key: 'a' });
      const { line } = await trial.join();
      await line.subscribe(trial.topic);
      await isRepeated(
        trial,
        line,
        ALARM,
        'at once after the snapshot that brought it',
        trial.profile.repeat_ms * 0.9,
      );
    },
  },
  {
    id: 'criticals/owed-after-live',
    level: 'full',
    sentence:
      'A server repeats a critical event to every client (principal and `client_id`) that was subscribed when it was published',
    needs: NEEDS,
    async judge(trial) {
      const client = await given(trial);
      const { offset } = client;
      client.line.cut();
      const { line } = await backAt(trial, client, offset);
      await isRepeated(trial, line, ALARM, 'at once after a `subscribe`');
      await line.resync(trial.topic, { cursor: { epoch: client.epoch, offset } });
      await line.untilSeen(
        () => line.redeliveries(trial.topic).length >= 2,
        'the repeat of a critical event at once after a `resync_request`',
      );
    },
  },
  {
    id: 'criticals/owed-after-snapshot',
    level: 'full',
    sentence: 'has received it since, in a snapshot or in a replay',
    needs: NEEDS,
    async judge(trial) {
      await trial.publish({ text: ALARM, critical: true, key: 'a' });
      const { line, clientId } = await trial.join();
      const { subscribed, state } = await line.subscribe(trial.topic);
      must(trial.textsOf(state?.events ?? []).includes(ALARM), 'the snapshot lacks the event');
      line.cut();
      const back = await backAt(trial, { clientId, epoch: subscribed.epoch }, subscribed.offset);
      await isRepeated(trial, back.line, ALARM, 'that came in a snapshot, on the next connection');
    },
  },
  {
    id: 'criticals/owed-after-replay',
    level: 'full',
    sentence: 'has received it since, in a snapshot or in a replay',
    needs: NEEDS,
    async judge(trial) {
      const client = await listening(trial);
      // Of the first connection nothing is left: what is published now was given to nobody.
      const { line: next } = await trial.join({ clientId: client.clientId });
      await trial.publish({ text: 'first' }, { text: ALARM, critical: true }, { text: 'last' });
      const begun = await next.subscribe(trial.topic, { cursor: { epoch: client.epoch, offset: 0 } });
      const second = { line: next, begun };
      must(second.begun.subscribed.recovered, 'a cursor at 0 was not recovered');
      await alarmOf(trial, second.line);
      const { offset } = await second.line.next('event', (event) => trial.textOf(event) === 'last');
      second.line.cut();
      const third = await backAt(trial, client, offset);
      must(third.begun.subscribed.recovered, 'the cursor was not recovered');
      await isRepeated(trial, third.line, ALARM, 'that came in a replay, on the next connection');
    },
  },
  {
    id: 'criticals/given-to-others',
    level: 'full',
    sentence:
      'A server repeats a critical event to every client (principal and `client_id`) that was subscribed when it was published',
    needs: NEEDS,
    async judge(trial) {
      const { line } = await listening(trial);
      line.unsubscribe(trial.topic);
      await line.settle();
      await trial.publish(
        { text: 'superseded', critical: true, key: 'a' },
        { text: ALARM, critical: true, key: 'a' },
      );
      await line.subscribe(trial.topic);
      await isRepeated(trial, line, ALARM, 'at once after the snapshot that brought it');
      await isNotRepeatedAtOnce(trial, line, 'superseded', 'that this client was never given');
    },
  },
  {
    id: 'criticals/after-the-replay',
    level: 'full',
    sentence:
      'What is beyond comes in its order, as a replay, which precedes the repeats: nothing comes twice.',
    needs: NEEDS,
    async judge(trial) {
      const client = await given(trial);
      const { offset } = client;
      client.line.cut();
      await trial.publish({ text: 'one' }, { text: 'two' }, { text: 'three' });
      const { line } = await backAt(trial, client, offset);
      await isRepeated(trial, line, ALARM, 'at once after a `subscribe`');
      await line.untilSeen(() => line.events(trial.topic).length >= 3, 'three events of the replay');
      const texts = trial.textsOf(line.all('event').filter(({ topic }) => topic === trial.topic));
      must(texts[3] === ALARM, `replay and repeat came in the order ${texts.join(', ')}`);
    },
  },
  {
    id: 'criticals/not-twice-in-a-replay',
    level: 'full',
    sentence:
      'What is beyond comes in its order, as a replay, which precedes the repeats: nothing comes twice.',
    needs: NEEDS,
    async judge(trial) {
      const client = await listening(trial);
      await trial.publish({ text: 'before' }, { text: ALARM, critical: true });
      await alarmOf(trial, client.line);
      client.line.cut();
      const { line } = await backAt(trial, client, 1);
      await alarmOf(trial, line);
      await isNotRepeatedAtOnce(trial, line, ALARM, 'that the replay has just brought');
    },
  },
  {
    id: 'criticals/acknowledged',
    level: 'full',
    sentence:
      '**Critical events are done with**: a page took them (`offsets`), or none ever can (`failed`). Either ends their repetition.',
    needs: NEEDS,
    async judge(trial) {
      const client = await listening(trial);
      await trial.publish({ text: ALARM, critical: true }, { text: 'never', critical: true });
      const taken = await alarmOf(trial, client.line);
      const never = await alarmOf(trial, client.line, 'never');
      const failed = [{ offset: never.offset, code: 'invalid_event' }];
      client.line.send({
        type: 'ack',
        topic: trial.topic,
        epoch: client.epoch,
        offsets: [taken.offset],
        failed,
      });
      await client.line.settle();
      await trial.quiet();
      const { line } = await backAt(trial, client, never.offset);
      await isNotRepeatedAtOnce(trial, line, ALARM, 'that was acknowledged');
      await isNotRepeatedAtOnce(trial, line, 'never', 'that was acknowledged as `failed`');
      // Neither after the time of a repeat.
      await trial.quiet(trial.profile.repeat_ms);
      await isNotRepeatedAtOnce(trial, line, ALARM, 'that was acknowledged');
    },
  },
  {
    id: 'criticals/acknowledged-ends-the-repeats-of-now',
    level: 'full',
    sentence: 'Either ends their repetition.',
    needs: NEEDS,
    async judge(trial) {
      const { line, epoch, offset } = await given(trial);
      line.send({ type: 'ack', topic: trial.topic, epoch, offsets: [offset] });
      await trial.quiet(trial.profile.repeat_ms * 1.3);
      await isNotRepeatedAtOnce(trial, line, ALARM, 'that was acknowledged on this connection');
    },
  },
  {
    id: 'criticals/per-client',
    level: 'full',
    sentence:
      'A server repeats a critical event to every client (principal and `client_id`) that was subscribed when it was published',
    needs: NEEDS,
    async judge(trial) {
      const [one, other] = [await listening(trial), await listening(trial)];
      await trial.publish({ text: ALARM, critical: true });
      const { offset } = await alarmOf(trial, one.line);
      await alarmOf(trial, other.line);
      one.line.send({ type: 'ack', topic: trial.topic, epoch: one.epoch, offsets: [offset] });
      await one.line.settle();
      await trial.quiet();
      const [oneBack, otherBack] = [await backAt(trial, one, offset), await backAt(trial, other, offset)];
      await isRepeated(trial, otherBack.line, ALARM, 'that another client of the person has acknowledged');
      await isNotRepeatedAtOnce(trial, oneBack.line, ALARM, 'that was acknowledged');
    },
  },
  {
    id: 'criticals/per-person',
    level: 'full',
    sentence:
      'A server repeats a critical event to every client (principal and `client_id`) that was subscribed when it was published',
    needs: [...NEEDS, 'two people'],
    async judge(trial) {
      const [ada, grace] = [await listening(trial), await listening(trial, 1)];
      await trial.publish({ text: ALARM, critical: true });
      const { offset } = await alarmOf(trial, ada.line);
      await alarmOf(trial, grace.line);
      grace.line.send({ type: 'ack', topic: trial.topic, epoch: grace.epoch, offsets: [offset] });
      await grace.line.settle();
      await trial.quiet();
      const { line } = await backAt(trial, ada, offset);
      await isRepeated(trial, line, ALARM, 'that another person has acknowledged');
    },
  },
  {
    id: 'criticals/wrong-epoch',
    level: 'full',
    sentence:
      'Offsets that are not critical, that were acknowledged before, or that are of a former epoch are ignored.',
    needs: NEEDS,
    async judge(trial) {
      const client = await listening(trial);
      await trial.publish({ text: 'plain' }, { text: ALARM, critical: true });
      const { offset } = await alarmOf(trial, client.line);
      const { topic } = trial;
      client.line.send(
        { type: 'ack', topic, epoch: `not ${client.epoch}`, offsets: [offset] },
        { type: 'ack', topic, epoch: client.epoch, offsets: [offset - 1, offset + 1_000] },
      );
      await client.line.settle();
      await trial.quiet();
      const { line } = await backAt(trial, client, offset);
      await isRepeated(trial, line, ALARM, 'that was acknowledged in another epoch only');
    },
  },
  {
    id: 'criticals/most-acknowledged-at-once',
    level: 'full',
    sentence: '| offsets in one `ack` | 10,000; the hub sends at most 1,000 | server |',
    needs: NEEDS,
    async judge(trial) {
      const client = await listening(trial);
      await trial.publish({ text: 'plain' }, { text: ALARM, critical: true });
      const { offset } = await alarmOf(trial, client.line);
      await acknowledgeAmong(trial, client, offset, MOST_ACKNOWLEDGED);
      const { line } = await backAt(trial, client, offset);
      await isNotRepeatedAtOnce(
        trial,
        line,
        ALARM,
        `that was acknowledged among ${MOST_ACKNOWLEDGED} offsets`,
      );
    },
  },
  {
    id: 'criticals/too-many-acknowledged-at-once',
    level: 'full',
    sentence:
      'One with more than 10,000 offsets, `failed` ones included, may be answered with `goodbye` `bad_frame`.',
    needs: NEEDS,
    async judge(trial) {
      const client = await listening(trial);
      await trial.publish({ text: 'plain' }, { text: ALARM, critical: true });
      const { offset } = await alarmOf(trial, client.line);
      try {
        await acknowledgeAmong(trial, client, offset, MOST_ACKNOWLEDGED + 1);
      } catch (error) {
        const codes = client.line.all('goodbye').map(({ code }) => code);
        if (codes.length === 0) throw error;
        must(codes.join() === 'bad_frame', `it was answered with \`goodbye\` ${codes}`);
        return;
      }
      // Passed over in silence it would come again for ever.
      const { line } = await backAt(trial, client, offset);
      await isNotRepeatedAtOnce(trial, line, ALARM, 'that was acknowledged, and the `ack` not refused');
    },
  },
  {
    id: 'criticals/plain-are-not',
    level: 'full',
    sentence: '`ack`? | `true` | it is critical: the client answers with [`ack`](#ack)',
    needs: NEEDS,
    async judge(trial) {
      const client = await listening(trial);
      await trial.publish({ text: 'plain' });
      const { ack, offset } = await client.line.next('event', (event) => trial.textOf(event) === 'plain');
      must(ack === undefined, 'an event that is not critical has `ack`');
      client.line.cut();
      const { line } = await backAt(trial, client, offset);
      await isNotRepeatedAtOnce(trial, line, 'plain', 'that is none');
    },
  },
];
