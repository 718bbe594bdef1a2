/** Commands run once, however often and on however many sockets they come. */
import { isDeepStrictEqual } from 'node:util';
import type { Case } from '../case.ts';
import { must } from '../outcome.ts';
import type { Trial } from '../trial.ts';

/** How often its text came as an event, once a later event has come. */
async function publishedOnce(trial: Trial, text: string): Promise<void> {
  if (!trial.profile.commands.accept?.publishes || !trial.profile.topics.name.includes('{id}')) return;
  const { line } = await trial.join();
  const { state } = await line.subscribe(trial.topic);
  const times = state?.events.filter((event) => trial.textOf(event) === text).length;
  must(times === 1, `what the command published is there ${times} times`);
}

const sameResult = (a: { result?: unknown }, b: { result?: unknown }) =>
  must(JSON.stringify(a.result) === JSON.stringify(b.result), 'a repeat got another result than the first');

export const ONCE: readonly Case[] = [
  {
    id: 'once/result',
    level: 'full',
    sentence: 'what the command gave; a repeat gets the same',
    needs: ['accept', 'result'],
    async judge(trial) {
      const wanted = trial.resultOf('accept', 'what it is about');
      const { line } = await trial.join();
      const command = trial.command('accept', { text: 'what it is about' });
      line.send(command, { ...command, attempt: 2 });
      for (const which of ['it', 'its repeat']) {
        const { result } = await line.accepted(command.id);
        must(isDeepStrictEqual(result, wanted), `${which} got the result ${JSON.stringify(result)}`);
      }
    },
  },
  {
    id: 'once/same-socket',
    level: 'smallest',
    sentence: 'an earlier frame of this id made it accepted',
    needs: ['accept'],
    async judge(trial) {
      const { line } = await trial.join();
      const command = trial.command('accept', { text: 'once' });
      line.send(command);
      const first = await line.accepted(command.id);
      must(first.duplicate === undefined, 'the first answer is called `duplicate`');
      line.send({ ...command, attempt: 2 });
      const repeat = await line.accepted(command.id);
      must(repeat.duplicate === true, 'a repeat of what was accepted is not called `duplicate`');
      sameResult(first, repeat);
      await trial.ran(command.id, 1);
      await publishedOnce(trial, 'once');
    },
  },
  {
    id: 'once/one-message',
    level: 'smallest',
    sentence: "An id in progress counts as remembered: a repeat waits for the first one's answer.",
    needs: ['accept'],
    async judge(trial) {
      const { line } = await trial.join();
      const command = trial.command('accept', { text: 'once' });
      line.send(command, { ...command, attempt: 2 }, { ...command, attempt: 3 });
      const first = await line.accepted(command.id);
      sameResult(first, await line.accepted(command.id));
      sameResult(first, await line.accepted(command.id));
      await trial.ran(command.id, 1);
      await publishedOnce(trial, 'once');
    },
  },
  {
    id: 'once/after-a-cut',
    level: 'smallest',
    sentence: 'a known id gets the same `command_ack` with `duplicate: true`',
    needs: ['accept'],
    async judge(trial) {
      const { line, clientId } = await trial.join();
      const command = trial.command('accept', { text: 'once' });
      line.send(command);
      const first = await line.accepted(command.id);
      line.cut();
      const again = await trial.join({ clientId });
      again.line.send({ ...command, attempt: 2 });
      const repeat = await again.line.accepted(command.id);
      must(repeat.duplicate === true, 'a repeat on another socket is not called `duplicate`');
      sameResult(first, repeat);
      await trial.ran(command.id, 1);
      await publishedOnce(trial, 'once');
    },
  },
  {
    id: 'once/other-browser',
    level: 'full',
    sentence: 'per principal, for at least 7 days.',
    needs: ['accept'],
    async judge(trial) {
      const { line } = await trial.join();
      const command = trial.command('accept', { text: 'once' });
      line.send(command);
      await line.accepted(command.id);
      const other = await trial.join();
      other.line.send({ ...command, attempt: 2 });
      must(
        (await other.line.accepted(command.id)).duplicate === true,
        'the id is not known on another client of the person',
      );
      await trial.ran(command.id, 1);
    },
  },
  {
    id: 'once/other-person',
    level: 'full',
    sentence: 'per principal, for at least 7 days.',
    needs: ['accept', 'two people'],
    async judge(trial) {
      const [ada, grace] = [await trial.join(), await trial.join({ person: 1 })];
      const command = trial.command('accept');
      ada.line.send(command);
      await ada.line.accepted(command.id);
      grace.line.send(command);
      const answer = await grace.line.accepted(command.id);
      must(answer.duplicate === undefined, "another person's id was answered with the first person's result");
      await trial.ran(command.id, 2);
    },
  },
  {
    id: 'once/in-progress',
    level: 'full',
    sentence: "An id in progress counts as remembered: a repeat waits for the first one's answer.",
    needs: ['slow'],
    async judge(trial) {
      const { line } = await trial.join();
      const command = trial.command('slow');
      line.send(command);
      await line.settle();
      line.send({ ...command, attempt: 2 });
      const first = await line.accepted(command.id);
      const repeat = await line.accepted(command.id);
      must(repeat.duplicate === true, 'the repeat of a command in progress is not called `duplicate`');
      sameResult(first, repeat);
      await trial.ran(command.id, 1);
    },
  },
  {
    id: 'once/in-progress-after-a-cut',
    level: 'full',
    sentence: "An id in progress counts as remembered: a repeat waits for the first one's answer.",
    needs: ['slow', 'runs'],
    async judge(trial) {
      const { line, clientId } = await trial.join();
      const command = trial.command('slow');
      line.send(command);
      await line.settle();
      line.cut();
      const again = await trial.join({ clientId });
      again.line.send({ ...command, attempt: 2 });
      await again.line.accepted(command.id);
      await trial.ran(command.id, 1);
    },
  },
  {
    id: 'once/memory-stays',
    level: 'smallest',
    sentence: 'every command id that was accepted at or after this time is still remembered',
    needs: ['accept'],
    async judge(trial) {
      const { line, clientId, welcome } = await trial.join();
      const command = trial.command('accept');
      line.send(command);
      await line.accepted(command.id);
      await trial.quiet();
      const again = await trial.join({ clientId });
      must(
        again.welcome.dedupe_since <= welcome.server_time,
        `\`dedupe_since\` has moved from ${welcome.dedupe_since} to ${again.welcome.dedupe_since} while the server lived, beyond what it has accepted`,
      );
    },
  },
];
