/** What is told after a restart, with the memory of before and without it. */
import type { Case } from '../case.ts';
import { must, NotJudged } from '../outcome.ts';
import type { Trial } from '../trial.ts';

/** A mark beside a log is written now and then. */
const BACKUP_NOTICED_MS = 2_500;

async function begin(trial: Trial) {
  const { line, clientId, welcome } = await trial.join();
  await trial.causeEvents(3);
  const { subscribed } = await line.subscribe(trial.topic);
  must(subscribed.offset >= 3, `the topic stands at ${subscribed.offset} after 3 events`);
  return { line, clientId, welcome, cursor: { epoch: subscribed.epoch, offset: subscribed.offset } };
}

export const RESTART: readonly Case[] = [
  {
    id: 'restart/new-epoch',
    level: 'smallest',
    sentence: 'A server that has *lost* events which it had given out must begin a new epoch for all topics',
    needs: ['kill', 'lose', 'events'],
    alone: true,
    async judge(trial) {
      const { cursor } = await begin(trial);
      await trial.crash('lost');
      const { line } = await trial.join();
      await trial.causeEvents(1);
      const { subscribed } = await line.subscribe(trial.topic);
      must(subscribed.epoch !== cursor.epoch, 'the history is lost, and its epoch is as before');
    },
  },
  {
    id: 'restart/cursor-of-lost-history',
    level: 'smallest',
    sentence: 'A cursor that the server cannot place (another epoch;',
    needs: ['kill', 'lose', 'events'],
    alone: true,
    async judge(trial) {
      const { cursor, clientId } = await begin(trial);
      await trial.crash('lost');
      const { line } = await trial.join({ clientId });
      await trial.causeEvents(1);
      for (const offset of [cursor.offset, 1]) {
        const { subscribed, state } = await line.subscribe(trial.topic, { cursor: { ...cursor, offset } });
        must(!subscribed.recovered, 'a cursor of a history that is lost was recovered');
        must(state !== null, 'no snapshot came');
      }
    },
  },
  {
    id: 'restart/dedupe-since-lost',
    level: 'smallest',
    sentence:
      'that restarts without its memory, or with that of a backup, moves `dedupe_since` to the time of its start.',
    needs: ['kill', 'lose', 'accept'],
    alone: true,
    async judge(trial) {
      const { line, welcome } = await trial.join();
      const command = trial.command('accept');
      line.send(command);
      await line.accepted(command.id);
      await trial.crash('lost');
      const after = await trial.join();
      must(
        after.welcome.dedupe_since > welcome.server_time,
        `\`dedupe_since\` is ${after.welcome.dedupe_since}, no later than ${welcome.server_time}, when a command was accepted that is forgotten`,
      );
    },
  },
  {
    id: 'restart/dedupe-since-kept',
    level: 'full',
    sentence:
      'per principal, for at least 7 days. `welcome.dedupe_since` says how far back its memory reaches.',
    needs: ['kill', 'keep'],
    alone: true,
    async judge(trial) {
      const { welcome } = await trial.join();
      await trial.crash('kept');
      const after = await trial.join();
      must(
        after.welcome.dedupe_since <= welcome.server_time,
        `\`dedupe_since\` is ${after.welcome.dedupe_since} after a restart with its memory, and was ${welcome.dedupe_since}`,
      );
    },
  },
  {
    id: 'restart/history-kept',
    level: 'full',
    sentence: "`true`: everything after the client's cursor follows, as `event` frames.",
    needs: ['kill', 'keep', 'publish', 'own topic'],
    alone: true,
    async judge(trial) {
      const { cursor, clientId } = await begin(trial);
      await trial.publish({ text: 'before the crash' });
      await trial.crash('kept');
      const { line } = await trial.join({ clientId });
      const { subscribed } = await line.subscribe(trial.topic, { cursor });
      must(subscribed.recovered, 'the cursor was not recovered after a restart with the memory');
      await line.next('event', (event) => trial.textOf(event) === 'before the crash');
      await trial.publish({ text: 'after the crash' });
      await line.next('event', (event) => trial.textOf(event) === 'after the crash');
    },
  },
  {
    id: 'restart/commands-kept',
    level: 'full',
    sentence:
      'A server records an accepted `id` with its result in the same durable transaction as everything that the command',
    needs: ['kill', 'keep', 'accept', 'own topic'],
    alone: true,
    async judge(trial) {
      const { line, clientId } = await trial.join();
      const command = trial.command('accept', { text: 'once' });
      line.send(command);
      const first = await line.accepted(command.id);
      await trial.crash('kept');
      const after = await trial.join({ clientId });
      after.line.send({ ...command, attempt: 2 });
      const repeat = await after.line.accepted(command.id);
      must(repeat.duplicate === true, 'the repeat after the restart is not called `duplicate`');
      must(
        JSON.stringify(repeat.result) === JSON.stringify(first.result),
        'the repeat after the restart got another result',
      );
      await trial.ran(command.id, 1);
      if (!trial.profile.commands.accept?.publishes) return;
      const { state } = await after.line.subscribe(trial.topic);
      const times = state?.events.filter((event) => trial.textOf(event) === 'once').length;
      must(times === 1, `what the command published is there ${times} times`);
    },
  },
  {
    id: 'restart/unfinished-command',
    level: 'full',
    sentence: 'same durable transaction',
    needs: ['kill', 'keep', 'slow', 'own topic'],
    alone: true,
    async judge(trial) {
      const { line, clientId } = await trial.join();
      const command = trial.command('slow', { text: 'interrupted' });
      line.send(command);
      await line.settle();
      await trial.crash('kept');
      const after = await trial.join({ clientId });
      after.line.send({ ...command, attempt: 2 });
      await after.line.accepted(command.id);
      if (!trial.profile.commands.slow?.publishes) return;
      const { state } = await after.line.subscribe(trial.topic);
      const times = state?.events.filter((event) => trial.textOf(event) === 'interrupted').length;
      must(times === 1, `what the command published is there ${times} times`);
    },
  },
  {
    id: 'restart/criticals-owed',
    level: 'full',
    sentence: "with `redelivery: true`, until the client's `ack`, for at least 7 days.",
    needs: ['kill', 'keep', 'publish', 'own topic'],
    alone: true,
    async judge(trial) {
      const { line, clientId } = await trial.join();
      const { subscribed } = await line.subscribe(trial.topic);
      await trial.publish({ text: 'taken', critical: true }, { text: 'owed', critical: true });
      const taken = await line.next('event', (event) => trial.textOf(event) === 'taken');
      const { offset } = await line.next('event', (event) => trial.textOf(event) === 'owed');
      const { epoch } = subscribed;
      line.send({ type: 'ack', topic: trial.topic, epoch, offsets: [taken.offset] });
      await line.settle();
      await trial.quiet();
      await trial.crash('kept');
      const after = await trial.join({ clientId });
      await after.line.subscribe(trial.topic, { cursor: { epoch, offset } });
      await after.line.next('event', (event) => event.redelivery === true && trial.textOf(event) === 'owed', {
        what: 'the repeat of a critical event that was not acknowledged before the restart',
      });
      await after.line.settle();
      const again = trial.textsOf(after.line.redeliveries(trial.topic));
      must(!again.includes('taken'), 'what was acknowledged before the restart is repeated after it');
    },
  },
  {
    id: 'restart/restored-history',
    level: 'full',
    sentence: 'A server that has *lost* events which it had given out must begin a new epoch for all topics',
    needs: ['kill', 'backup', 'publish', 'own topic'],
    alone: true,
    async judge(trial) {
      await trial.publish({ text: 'in the backup' });
      await trial.crashAndBackUp();
      const { line, clientId } = await trial.join();
      const { subscribed } = await line.subscribe(trial.topic);
      await trial.publish({ text: 'lost' }, { text: 'lost as well' });
      const { offset, ts } = await line.next('event', (event) => trial.textOf(event) === 'lost');
      // What was lost of less than that may go unnoticed.
      await trial.quiet(BACKUP_NOTICED_MS);
      await trial.crash('restored');
      await trial.publish({ text: 'another one' }, { text: 'and another' });
      const after = await trial.join({ clientId });
      const cursor = { epoch: subscribed.epoch, offset };
      const begun = await after.line.subscribe(trial.topic, { cursor, lastSeen: { offset, ts } });
      must(!begun.subscribed.recovered, 'a cursor of events that a backup lacks was recovered');
      must(
        begun.subscribed.epoch !== subscribed.epoch,
        'a backup was restored, and its epochs are as before',
      );
      const texts = trial.textsOf(begun.state?.events ?? []);
      must(texts.join() === 'in the backup,another one,and another', `the state is ${texts.join()}`);
    },
  },
  {
    id: 'restart/restored-commands',
    level: 'full',
    sentence:
      'that restarts without its memory, or with that of a backup, moves `dedupe_since` to the time of its start.',
    needs: ['kill', 'backup', 'accept'],
    alone: true,
    async judge(trial) {
      await trial.crashAndBackUp();
      const { line, welcome } = await trial.join();
      const command = trial.command('accept');
      line.send(command);
      await line.accepted(command.id);
      await trial.quiet(BACKUP_NOTICED_MS);
      await trial.crash('restored');
      const { welcome: after } = await trial.join();
      const run = welcome.runs?.at(-1)?.id;
      // By either its clients know that it may have accepted what it does not remember.
      const lacksRun = run !== undefined && after.runs?.every(({ id }) => id !== run) === true;
      must(
        lacksRun || after.dedupe_since > welcome.server_time,
        `\`dedupe_since\` is ${after.dedupe_since}, no later than ${welcome.server_time}, when a command was accepted that the backup lacks`,
      );
    },
  },
  {
    id: 'restart/criticals-in-a-new-epoch',
    level: 'full',
    sentence: 'the ones that are not acknowledged stay so, and are repeated in the new epoch.',
    needs: ['renew', 'publish', 'own topic'],
    alone: true,
    async judge(trial) {
      const { line, clientId } = await trial.join();
      const { subscribed } = await line.subscribe(trial.topic);
      await trial.publish({ text: 'alarm', critical: true, key: 'a' });
      const { offset } = await line.next('event', (event) => trial.textOf(event) === 'alarm');
      line.cut();
      await trial.control.renew();
      const after = await trial.join({ clientId });
      const begun = await after.line.subscribe(trial.topic);
      must(begun.subscribed.epoch !== subscribed.epoch, 'the epoch is the same after the log was renewed');
      await after.line.next(
        'event',
        (event) => event.redelivery === true && trial.textOf(event) === 'alarm',
        {
          what: 'the repeat of a critical event in a new epoch',
        },
      );
      const { topic } = trial;
      after.line.send({ type: 'ack', topic, epoch: subscribed.epoch, offsets: [offset] });
      await after.line.settle();
      await trial.quiet();
      await after.line.subscribe(trial.topic);
      await after.line.next(
        'event',
        (event) => event.redelivery === true && trial.textOf(event) === 'alarm',
        {
          what: 'the repeat of a critical event that was acknowledged in the former epoch alone',
        },
      );
    },
  },
  {
    id: 'restart/owner-kept',
    level: 'full',
    sentence:
      'The first principal that uses a `client_id` owns it; any other gets `goodbye` `identity_mismatch`.',
    needs: ['kill', 'keep', 'two people'],
    alone: true,
    async judge(trial) {
      const { clientId } = await trial.join();
      await trial.crash('kept');
      const line = await trial.socket();
      line.send(trial.hello({ clientId, person: 1 }));
      const { code } = await line.next('goodbye');
      must(code === 'identity_mismatch', `another person's hello got \`goodbye\` ${code}`);
    },
  },
  {
    id: 'restart/withdrawn-kept',
    level: 'full',
    sentence: 'it records the id durably as cancelled, for as long as it',
    needs: ['kill', 'keep', 'accept'],
    alone: true,
    async judge(trial) {
      const { line, clientId, welcome } = await trial.join();
      if (!welcome.capabilities?.includes('withdraw')) {
        throw new NotJudged('`welcome` does not name the capability "withdraw"');
      }
      const command = trial.command('accept');
      line.send({ type: 'withdraw', id: command.id });
      await line.refused(command.id);
      await trial.crash('kept');
      const after = await trial.join({ clientId });
      after.line.send({ ...command, attempt: 2 });
      const { code } = await after.line.refused(command.id);
      must(code === 'cancelled', `a command that was withdrawn before the restart was answered ${code}`);
      await trial.ran(command.id, 0);
    },
  },
  {
    id: 'restart/server-time',
    level: 'full',
    sentence: 'It must not run backwards from one connection to the next, also across restarts',
    needs: ['kill', 'keep'],
    alone: true,
    async judge(trial) {
      const { welcome, line } = await trial.join();
      line.send({ type: 'ping', id: 9_001 });
      const { server_time = welcome.server_time } = await line.next('pong', ({ id }) => id === 9_001);
      await trial.crash('kept');
      const after = await trial.join();
      must(
        after.welcome.server_time >= server_time,
        `\`server_time\` is ${after.welcome.server_time} after ${server_time} was told by a \`pong\``,
      );
    },
  },
  {
    id: 'restart/begun-is-remembered',
    level: 'full',
    sentence: '`ran` where a handler of it had begun and come to no end)',
    needs: ['kill', 'keep', 'slow', 'runs'],
    alone: true,
    async judge(trial) {
      const { line, clientId, welcome } = await trial.join();
      if (!welcome.capabilities?.includes('withdraw')) {
        throw new NotJudged('`welcome` does not name the capability "withdraw"');
      }
      const command = trial.command('slow');
      line.send(command);
      for (let waits = 0; (await trial.control.runs(command.id)) === 0; waits += 1) {
        if (waits > 100) throw new NotJudged('the control interface never told that the command runs');
        await trial.quiet(20);
      }
      await trial.crash('kept');
      if (line.all('command_ack').length > 0) throw new NotJudged('the command was over before the crash');
      const after = await trial.join({ clientId });
      after.line.send({ type: 'withdraw', id: command.id });
      const { code, ran } = await after.line.refused(command.id);
      must(code === 'cancelled', `a command that was withdrawn is refused as ${code}`);
      must(ran === undefined, '`ran: false` of a command whose handler had begun before the crash');
    },
  },
  {
    id: 'restart/draining',
    level: 'full',
    sentence: 'The server restarts, cleanly. It has finished the commands that it had begun:',
    needs: ['stop', 'slow'],
    alone: true,
    async judge(trial) {
      const { line } = await trial.join();
      const command = trial.command('slow');
      line.send(command);
      await line.settle();
      const stopped = trial.control.stop();
      // Where the answer is missing, that is what is told.
      stopped.catch(() => {});
      await line.accepted(command.id);
      const { code } = await line.next('goodbye');
      must(code === 'draining', `a server that stops in order said \`goodbye\` ${code}`);
      await line.closed();
      await stopped;
    },
  },
];
