/** One connection of each client: the higher term, and at equal terms the newer one. */
import type { Case } from '../case.ts';
import type { Line } from '../line.ts';
import { newId } from '../line.ts';
import { must, NotJudged } from '../outcome.ts';
import type { Trial } from '../trial.ts';

async function isSuperseded(line: Line, which: string): Promise<void> {
  const { code, retry } = await line.next('goodbye', undefined, { what: `\`goodbye\` to ${which}` });
  must(code === 'superseded', `${which} got \`goodbye\` ${code}, not superseded`);
  must(!retry, `${which} was told to come back`);
  await line.closed();
}

/** Two connections of one client, by their terms; the one that must win is served. */
async function second(
  trial: Trial,
  terms: readonly [number, number],
  winner: 'first' | 'second',
): Promise<void> {
  const clientId = newId();
  const first = await trial.join({ clientId, term: terms[0] });
  const line = await trial.socket();
  line.send(trial.hello({ clientId, term: terms[1] }));
  const [wins, loses] = winner === 'second' ? [line, first.line] : [first.line, line];
  if (winner === 'second') await line.next('welcome');
  await isSuperseded(loses, `the ${winner === 'second' ? 'first' : 'second'} connection of terms ${terms}`);
  await wins.settle();
}

const SENTENCE = 'the higher `term` wins;';

export const FENCING: readonly Case[] = [
  {
    id: 'fencing/higher-term-comes',
    level: 'smallest',
    sentence: SENTENCE,
    judge: async (trial) => await second(trial, [1, 2], 'second'),
  },
  {
    id: 'fencing/lower-term-comes',
    level: 'smallest',
    sentence: SENTENCE,
    judge: async (trial) => await second(trial, [2, 1], 'first'),
  },
  {
    id: 'fencing/equal-terms',
    level: 'smallest',
    sentence: 'that is a client whose old socket died unnoticed.',
    judge: async (trial) => await second(trial, [3, 3], 'second'),
  },
  {
    id: 'fencing/large-terms',
    level: 'smallest',
    sentence: SENTENCE,
    judge: async (trial) => await second(trial, [9, 10], 'second'),
  },
  {
    id: 'fencing/higher-term-opened-first',
    level: 'smallest',
    sentence: SENTENCE,
    async judge(trial) {
      const clientId = newId();
      const [early, late] = [await trial.socket(), await trial.socket()];
      late.send(trial.hello({ clientId, term: 1 }));
      await late.next('welcome');
      early.send(trial.hello({ clientId, term: 2 }));
      await early.next('welcome');
      await isSuperseded(late, 'the socket that was opened later, of the lower term');
      await early.settle();
    },
  },
  {
    id: 'fencing/loser-runs-nothing',
    level: 'smallest',
    sentence: 'None of its commands begin after that',
    needs: ['accept'],
    async judge(trial) {
      const clientId = newId();
      const older = await trial.join({ clientId });
      const newer = await trial.join({ clientId });
      const command = trial.command('accept');
      if (!older.line.isClosed) older.line.send(command);
      await isSuperseded(older.line, 'the older connection');
      await newer.line.settle();
      await trial.quiet();
      await trial.ran(command.id, 0);
      newer.line.send({ ...command, attempt: 2 });
      must(
        (await newer.line.accepted(command.id)).duplicate === undefined,
        'a command of the replaced connection ran',
      );
    },
  },
  {
    id: 'fencing/queued-comes-again',
    level: 'smallest',
    sentence:
      'The answer is [`command_ack`](#command_ack) or [`command_nack`](#command_nack), after however long the command takes.',
    needs: ['accept', 'slow'],
    async judge(trial) {
      const clientId = newId();
      const newer = await trial.socket();
      const older = await trial.join({ clientId });
      const ahead = trial.command('slow');
      const queued = trial.command('accept');
      older.line.send(ahead, queued);
      await older.line.settle();
      newer.send(trial.hello({ clientId, term: 2 }));
      await newer.next('welcome');
      await isSuperseded(older.line, 'the connection of the lower term');
      newer.send({ ...ahead, attempt: 2 }, { ...queued, attempt: 2 });
      for (const [{ id }, which] of [
        [ahead, 'ran'],
        [queued, 'waited'],
      ] as const) {
        const answer = await newer.answer(id);
        must(
          answer.type === 'command_ack' || answer.retry,
          `a command that ${which} when its connection was replaced is refused for good when it comes again`,
        );
      }
      if (newer.all('command_ack').some(({ id }) => id === queued.id)) await trial.ran(queued.id, 1);
    },
  },
  {
    id: 'fencing/other-clients-stay',
    level: 'smallest',
    sentence: 'A server keeps one connection per principal and `client_id`.',
    async judge(trial) {
      const [one, other] = [await trial.join(), await trial.join()];
      await one.line.settle();
      await other.line.settle();
      must(!one.line.isClosed, 'a connection was closed when another client of the person came');
    },
  },
  {
    id: 'fencing/crossed-hellos',
    level: 'smallest',
    sentence: 'equal terms the one whose `hello` arrived later does, whichever socket was opened first',
    async judge(trial) {
      const clientId = newId();
      const [early, late] = [await trial.socket(), await trial.socket()];
      late.send(trial.hello({ clientId }));
      await late.next('welcome');
      early.send(trial.hello({ clientId }));
      await early.next('welcome');
      await isSuperseded(late, 'the socket that was opened later, and said `hello` before the other');
      await early.settle();
    },
  },
  {
    id: 'fencing/slow-token',
    level: 'full',
    sentence: 'whichever socket was opened first and whichever token took longer to check',
    needs: ['slow token'],
    async judge(trial) {
      const token = trial.profile.people[0]?.slow_token ?? '';
      const clientId = newId();
      const [early, late] = [await trial.socket(), await trial.socket()];
      early.send(trial.hello({ clientId, token }));
      await trial.quiet();
      late.send(trial.hello({ clientId }));
      await late.next('welcome');
      await isSuperseded(early, 'the socket that said `hello` first, and whose token took longer to check');
      await late.settle();
    },
  },
  {
    id: 'fencing/higher-term-gone',
    level: 'full',
    sentence: 'for at least 10 minutes after it a lower one is refused.',
    async judge(trial) {
      const { line, clientId } = await trial.join({ term: 7 });
      line.cut();
      await trial.quiet();
      const lower = await trial.socket();
      lower.send(trial.hello({ clientId, term: 6 }));
      await isSuperseded(lower, 'a lower term, whose higher one is gone');
      await trial.join({ clientId, term: 7 });
    },
  },
  {
    id: 'fencing/replaced-one-leaves',
    level: 'smallest',
    sentence: 'A server keeps one connection per principal and `client_id`.',
    async judge(trial) {
      const clientId = newId();
      const first = await trial.join({ clientId, term: 1 });
      const second = await trial.join({ clientId, term: 2 });
      await isSuperseded(first.line, 'the connection of the lower term');
      await trial.quiet();
      const lower = await trial.socket();
      lower.send(trial.hello({ clientId, term: 1 }));
      await isSuperseded(lower, 'a lower term, after the connection that was replaced has gone');
      await second.line.settle();
      await trial.join({ clientId, term: 2 });
      await isSuperseded(second.line, 'the older connection of equal terms');
    },
  },
  {
    id: 'fencing/begun-before-commits-nothing',
    level: 'full',
    sentence: 'and one whose handler had begun commits nothing: the winner sends it again, and it runs then.',
    needs: ['accept', 'slow', 'own topic'],
    async judge(trial) {
      const clientId = newId();
      const newer = await trial.socket();
      const older = await trial.join({ clientId });
      const slow = trial.command('slow', { text: 'once' });
      const behind = trial.command('accept');
      older.line.send(slow, behind);
      await older.line.settle();
      newer.send(trial.hello({ clientId, term: 2 }));
      await newer.next('welcome');
      await isSuperseded(older.line, 'the older connection');
      if (older.line.all('command_ack').length > 0) {
        throw new NotJudged('the slow command was over before its connection could be replaced');
      }
      newer.send({ ...slow, attempt: 2 });
      const answer = await newer.accepted(slow.id);
      must(
        answer.duplicate === undefined,
        'a command whose connection was replaced while it ran was committed',
      );
      await trial.ran(behind.id, 0);
      if (!trial.profile.commands.slow?.publishes) return;
      const { state } = await newer.subscribe(trial.topic);
      const times = state?.events.filter((event) => trial.textOf(event) === 'once').length;
      must(times === 1, `what the command published is there ${times} times`);
    },
  },
];
