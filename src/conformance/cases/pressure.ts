/** What is too large, too much, or too slow. */
import type { Case } from '../case.ts';
import type { Line } from '../line.ts';
import { must, NotJudged } from '../outcome.ts';

const SMALL_BYTES = 2_048;
const PINGS = 500;
/** Commands that wait on one connection, after which a server counts as one that takes all. */
const MOST_COMMANDS = 300;
/** Of half a heartbeat each: longer than a server waits that hears nothing. */
const SLOW_STEPS = 7;
const AT_ONCE = 20;
/** Longer than this no heartbeat is waited for. */
const LONGEST_MESSAGE_MS = 30_000;
/** Topics of one connection, after which a server counts as one without a limit. */
const MOST_TOPICS = 1_100;

/** Else it would be lost without a word. */
async function isNamedAsTooLarge(line: Line, topic: string): Promise<void> {
  await line.next('error', (error) => error.code === 'too_large' && error.topic === topic, {
    what: '`error` too_large',
  });
}

/** A server may end a connection that asks too much of it: what was to be seen is not seen then. */
async function unlessOverloaded(line: Line, judge: () => Promise<void>): Promise<void> {
  try {
    await judge();
  } catch (error) {
    if (line.all('goodbye').every(({ code }) => code !== 'overloaded')) throw error;
    throw new NotJudged('it ended the connection by `goodbye` overloaded before');
  }
}

export const PRESSURE: readonly Case[] = [
  {
    id: 'large/left-out-live',
    level: 'full',
    sentence: 'the offset of the event before it in this topic; left out where that is `offset - 1`',
    needs: ['publish', 'own topic'],
    async judge(trial) {
      const { line } = await trial.join({ maxFrameBytes: SMALL_BYTES });
      await line.subscribe(trial.topic);
      await trial.publish({ text: 'small' }, { text: 'x'.repeat(2 * SMALL_BYTES) }, { text: 'after' });
      const small = await line.next('event', (event) => trial.textOf(event) === 'small');
      const after = await line.next('event', (event) => trial.textOf(event) === 'after');
      must(
        after.prev === small.offset,
        `the event after one that was left out says \`prev\` ${after.prev}, and ${small.offset} came before it`,
      );
      must(Math.max(...line.sizes) <= SMALL_BYTES, 'a message is larger than `hello.max_frame_bytes`');
      await isNamedAsTooLarge(line, trial.topic);
    },
  },
  {
    id: 'large/left-out-of-a-replay',
    level: 'full',
    sentence: 'with every event whose predecessor is not `offset - 1`.',
    needs: ['publish', 'own topic'],
    async judge(trial) {
      const first = await trial.join();
      const { subscribed } = await first.line.subscribe(trial.topic);
      await trial.publish({ text: 'small' }, { text: 'x'.repeat(2 * SMALL_BYTES) }, { text: 'after' });
      const { line } = await trial.join({ maxFrameBytes: SMALL_BYTES });
      const begun = await line.subscribe(trial.topic, { cursor: { epoch: subscribed.epoch, offset: 0 } });
      must(begun.subscribed.recovered, 'a cursor at 0 was not recovered');
      const small = await line.next('event', (event) => trial.textOf(event) === 'small');
      const after = await line.next('event', (event) => trial.textOf(event) === 'after');
      must(after.prev === small.offset, `\`prev\` is ${after.prev}, and ${small.offset} came before it`);
      await isNamedAsTooLarge(line, trial.topic);
    },
  },
  {
    id: 'large/left-out-of-a-snapshot',
    level: 'full',
    sentence: 'An event that does not fit even alone is left out',
    needs: ['publish', 'own topic'],
    async judge(trial) {
      await trial.publish({ text: 'small' }, { text: 'x'.repeat(2 * SMALL_BYTES) }, { text: 'after' });
      const { line } = await trial.join({ maxFrameBytes: SMALL_BYTES });
      const { state } = await line.subscribe(trial.topic);
      const texts = trial.textsOf(state?.events ?? []);
      must(texts.join() === 'small,after', `the state has ${texts.length} events`);
      await trial.publish({ text: 'later' });
      await line.next('event', (event) => trial.textOf(event) === 'later');
      await isNamedAsTooLarge(line, trial.topic);
    },
  },
  {
    id: 'pressure/pings',
    level: 'smallest',
    sentence: '**Answers a `ping`**, at once, whatever else is waiting.',
    async judge(trial) {
      const { line } = await trial.join();
      line.send(...Array.from({ length: PINGS }, (_, index) => ({ type: 'ping' as const, id: index + 1 })));
      await line.next('pong', ({ id }) => id === PINGS);
      const ids = line.all('pong').map(({ id }) => id);
      must(ids.length >= PINGS, `${ids.length} of ${PINGS} pings were answered`);
    },
  },
  {
    id: 'pressure/pong-while-a-command-runs',
    level: 'full',
    sentence: '**Answers a `ping`**, at once, whatever else is waiting.',
    needs: ['slow'],
    async judge(trial) {
      const { line } = await trial.join();
      const command = trial.command('slow');
      line.send(command, { type: 'ping', id: 5_000 });
      await line.next('pong', ({ id }) => id === 5_000);
      must(line.all('command_ack').length === 0, 'the pong waited for the command');
      await line.accepted(command.id);
    },
  },
  {
    id: 'pressure/pong-during-a-replay',
    level: 'full',
    sentence: '**Answers a `ping`**, at once, whatever else is waiting.',
    needs: ['publish', 'own topic'],
    async judge(trial) {
      const { line } = await trial.join();
      const { subscribed } = await line.subscribe(trial.topic);
      for (let at = 0; at < 10; at += 1) {
        await trial.publish(
          ...Array.from({ length: 50 }, (_, index) => ({ text: `${at} ${index} ${'x'.repeat(1_000)}` })),
        );
      }
      const other = await trial.join();
      const cursor = { epoch: subscribed.epoch, offset: 0 };
      other.line.send({ type: 'subscribe', topic: trial.topic, ref: 1, cursor }, { type: 'ping', id: 5_001 });
      await other.line.next('pong', ({ id }) => id === 5_001);
      await other.line.untilSeen(() => other.line.events(trial.topic).length >= 500, '500 events');
    },
  },
  {
    id: 'pressure/slow-reader',
    level: 'full',
    sentence: 'It should bound what waits for a slow client',
    needs: ['publish', 'own topic'],
    async judge(trial) {
      const [slow, quick] = [await trial.join(), await trial.join()];
      await slow.line.subscribe(trial.topic);
      await quick.line.subscribe(trial.topic);
      slow.line.pause();
      const count = 300;
      for (let at = 0; at < count; at += 50) {
        await trial.publish(...Array.from({ length: 50 }, () => ({ text: 'x'.repeat(8_000) })));
      }
      // Others do not wait for it.
      await quick.line.untilSeen(() => quick.line.events(trial.topic).length >= count, `${count} events`);
      slow.line.resume();
      await slow.line.untilSeen(
        () => slow.line.isClosed || slow.line.events(trial.topic).length >= count,
        'the events that waited, or the end of the connection',
      );
    },
  },
  {
    id: 'pressure/too-many-commands',
    level: 'full',
    sentence: 'nor say `ran: false` of an id that it did not look up.',
    needs: ['accept', 'slow'],
    alone: true,
    async judge(trial) {
      const { line } = await trial.join();
      const ran = trial.command('accept');
      line.send(ran);
      await line.accepted(ran.id);
      const waiting = Array.from({ length: MOST_COMMANDS }, () =>
        trial.command('accept', { priority: 'normal' }),
      );
      await unlessOverloaded(line, async () => {
        line.send(trial.command('slow'));
        for (let at = 0; at < MOST_COMMANDS; at += AT_ONCE) line.send(...waiting.slice(at, at + AT_ONCE));
        line.send({ ...ran, attempt: 2 });
        const again = await line.answer(ran.id);
        must(
          again.type === 'command_ack' || (again.retry && again.ran === undefined),
          'a command that was accepted is refused for good, or with `ran: false`, while too many are waiting',
        );
        for (const { id } of waiting) {
          const answer = await line.answer(id);
          must(answer.type === 'command_ack' || answer.retry, `command ${id} was refused for good`);
        }
      });
    },
  },
  {
    id: 'pressure/slow-message',
    level: 'full',
    sentence: 'every byte counts, also of a message that has not ended.',
    async judge(trial) {
      // It has no heartbeat beside that message.
      const line = await trial.socket();
      line.send(trial.hello());
      const { heartbeat_ms = 30_000 } = await line.next('welcome');
      const stepMs = heartbeat_ms / 2;
      if (SLOW_STEPS * stepMs > LONGEST_MESSAGE_MS) {
        throw new NotJudged(`its heartbeat of ${heartbeat_ms} ms is longer than a run waits for`);
      }
      line.sendPiece('{"type":"ping","id":74,"later":"');
      for (let step = 0; step < SLOW_STEPS; step += 1) {
        await trial.quiet(stepMs);
        must(!line.isClosed, `a connection was closed on which a message arrived for ${step * stepMs} ms`);
        line.sendPiece('x'.repeat(100));
      }
      line.sendPiece('"}', { isLast: true });
      await line.next('pong', ({ id }) => id === 74);
    },
  },
  {
    id: 'pressure/too-many-topics',
    level: 'full',
    sentence: '`rate_limited` with `ended: true` says that this connection has too many topics',
    needs: ['own topic'],
    alone: true,
    async judge(trial) {
      const { line } = await trial.join();
      await line.subscribe(trial.topic);
      await unlessOverloaded(line, async () => {
        let topic = trial.topic;
        let answer = await line.ask(topic);
        for (let count = 1; count < MOST_TOPICS && answer.type === 'subscribed'; count += 1) {
          topic = trial.anotherTopic();
          answer = await line.ask(topic);
        }
        if (answer.type === 'subscribed')
          throw new NotJudged(`it serves ${MOST_TOPICS} topics on one connection`);
        must(
          answer.code === 'rate_limited' && answer.topic === topic,
          `one topic too many got ${answer.code}`,
        );
        if (!answer.ended)
          throw new NotJudged('it limits how often topics are asked for, before how many there are');
        await line.settle();
        must(line.all('error').length === 1, 'topics from before have ended with the one that was too many');
        line.unsubscribe(trial.topic);
        const { forbidden } = trial.profile.topics;
        // What never began has no place.
        if (forbidden !== undefined) await line.ask(forbidden);
        await line.subscribe(topic);
      });
    },
  },
  {
    id: 'pressure/many-commands',
    level: 'smallest',
    sentence: 'after however long the command takes.',
    needs: ['accept'],
    async judge(trial) {
      const { line } = await trial.join();
      const commands = Array.from({ length: 60 }, () => trial.command('accept', { priority: 'normal' }));
      for (const command of commands) line.send(command);
      for (const { id } of commands) {
        const answer = await line.answer(id);
        must(answer.type === 'command_ack' || answer.retry, `command ${id} was refused for good`);
      }
    },
  },
];
