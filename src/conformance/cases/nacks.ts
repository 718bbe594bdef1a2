/** Commands that are refused, withdrawn, or past their end. */
import type { ClientFrameOf } from '../../protocol/frames/index.ts';
import type { Case } from '../case.ts';
import { must, NotJudged } from '../outcome.ts';
import type { Trial } from '../trial.ts';

/** A connection to a server that has the capability. */
async function capable(trial: Trial, capability: string) {
  const joined = await trial.join();
  if (!joined.welcome.capabilities?.includes(capability)) {
    throw new NotJudged(`\`welcome\` does not name the capability "${capability}"`);
  }
  return joined;
}

export const NACKS: readonly Case[] = [
  {
    id: 'nacks/unknown-command',
    level: 'smallest',
    sentence:
      'A command that the server does not know, cannot read, or does not allow is not a broken frame: it is answered by',
    needs: ['accept'],
    async judge(trial) {
      const { line } = await trial.join();
      const command = { ...trial.command('accept'), command: { type: 'a_command_that_never_was' } };
      line.send(command);
      const { retry } = await line.refused(command.id);
      must(!retry, 'a command of an unknown type is to be sent again');
      const known = trial.command('accept');
      line.send(known);
      await line.accepted(known.id);
    },
  },
  {
    id: 'nacks/unreadable-command',
    level: 'smallest',
    sentence:
      'A command that the server does not know, cannot read, or does not allow is not a broken frame: it is answered by',
    needs: ['accept'],
    async judge(trial) {
      const { line } = await trial.join();
      const template = trial.command('accept');
      const command = { ...template, command: { type: template.command.type } };
      line.send(command);
      const { retry } = await line.refused(command.id);
      must(!retry, 'a command without its fields is to be sent again');
      await line.settle();
    },
  },
  {
    id: 'nacks/too-deep',
    level: 'full',
    sentence:
      'Objects and arrays within an event or a command are nested at most 200 deep: one that goes deeper breaks its schema',
    needs: ['accept'],
    async judge(trial) {
      const { line } = await trial.join();
      const template = trial.command('accept');
      let deep: unknown = 'here';
      for (let depth = 0; depth < 250; depth += 1) deep = [deep];
      const command = { ...template, command: { ...template.command, deep } };
      line.send(command);
      const { retry } = await line.refused(command.id);
      must(!retry, 'a command that is nested too deep is to be sent again');
      await trial.ran(command.id, 0);
    },
  },
  {
    id: 'nacks/number-beyond-all',
    level: 'full',
    sentence: 'Nor is one taken that holds a number beyond all numbers, as `1e400`, in either dialect.',
    needs: ['accept'],
    async judge(trial) {
      const { line } = await trial.join();
      const command = trial.command('accept');
      line.sendText(withNumber(command, '1e400'));
      const { retry } = await line.refused(command.id);
      must(!retry, 'a command that holds 1e400 is to be sent again');
      await trial.ran(command.id, 0);
    },
  },
  {
    id: 'nacks/large-integer',
    level: 'smallest',
    sentence: 'Integers in it beyond 2<sup>53</sup> are given as JSON readers of most languages read them',
    needs: ['accept'],
    async judge(trial) {
      const { line } = await trial.join();
      const command = trial.command('accept');
      line.sendText(withNumber(command, '9007199254740993'));
      const answer = await line.answer(command.id);
      // Its schema may allow no such field.
      must(
        answer.type === 'command_ack' || !answer.retry,
        'a command with a large integer is refused for now',
      );
      await line.settle();
    },
  },
  {
    id: 'nacks/refused',
    level: 'full',
    sentence:
      '**The command is refused**, for good (`retry: false`: it leaves the outbox, and a person sees why)',
    needs: ['refuse'],
    async judge(trial) {
      const { line } = await trial.join();
      const command = trial.command('refuse');
      line.send(command);
      const { retry, ran } = await line.refused(command.id);
      must(!retry, 'a command that is refused for good is to be sent again');
      await saysIfBegun(trial, command.id, ran);
    },
  },
  {
    id: 'nacks/later',
    level: 'full',
    sentence:
      'or for now (`retry: true`: it waits, holds the later high-priority commands of its topic back, and comes again).',
    needs: ['later'],
    async judge(trial) {
      const { line } = await trial.join();
      const command = trial.command('later');
      line.send(command);
      const { retry, ran } = await line.refused(command.id);
      must(retry, 'a command that is refused for now is not to be sent again');
      await saysIfBegun(trial, command.id, ran);
      line.send({ ...command, attempt: 2 });
      const answer = await line.accepted(command.id);
      must(answer.duplicate === undefined, 'what had been refused for now is called `duplicate`');
    },
  },
  {
    id: 'nacks/version-not-served',
    level: 'full',
    sentence: 'is refused with the code `unsupported_version`, unless its id has ended before',
    needs: ['accept', 'refused version'],
    async judge(trial) {
      const { line } = await trial.join();
      const old = { app_version: trial.profile.refused_version ?? 0 };
      const command = { ...trial.command('accept'), ...old };
      line.send(command);
      const { code, retry } = await line.refused(command.id);
      must(code === 'unsupported_version' && !retry, `it was answered ${code}, retry ${retry}`);
      await trial.ran(command.id, 0);
      const accepted = trial.command('accept');
      line.send(accepted);
      await line.accepted(accepted.id);
      line.send({ ...accepted, ...old, attempt: 2 });
      must(
        (await line.accepted(accepted.id)).duplicate === true,
        'what had been accepted is not answered so',
      );
    },
  },
  {
    id: 'nacks/accepted-before',
    level: 'smallest',
    sentence: 'A server must not refuse an id that it has accepted',
    needs: ['accept'],
    async judge(trial) {
      const { line } = await trial.join();
      const command = trial.command('accept');
      line.send(command);
      await line.accepted(command.id);
      line.send({ ...command, attempt: 2, command: { type: 'a_command_that_never_was' } });
      must((await line.accepted(command.id)).duplicate === true, 'the repeat is not called `duplicate`');
    },
  },
  {
    id: 'nacks/withdrawn-unseen',
    level: 'full',
    sentence:
      'anything else, also an id that the server has never seen: it records the id durably as cancelled',
    needs: ['accept'],
    async judge(trial) {
      const { line } = await capable(trial, 'withdraw');
      const command = trial.command('accept');
      line.send({ type: 'withdraw', id: command.id });
      const { code, retry, ran } = await line.refused(command.id);
      must(
        code === 'cancelled' && !retry && ran === false,
        `it was answered ${code}, retry ${retry}, ran ${ran}`,
      );
      line.send({ ...command, attempt: 2 });
      const again = await line.refused(command.id);
      must(
        again.code === 'cancelled' && !again.retry,
        'a command that was withdrawn is not refused as cancelled',
      );
      await trial.ran(command.id, 0);
    },
  },
  {
    id: 'nacks/withdrawn-accepted',
    level: 'full',
    sentence: 'it was accepted: `command_ack` with `duplicate: true` and its result;',
    needs: ['accept'],
    async judge(trial) {
      const { line } = await capable(trial, 'withdraw');
      const command = trial.command('accept');
      line.send(command);
      const first = await line.accepted(command.id);
      line.send({ type: 'withdraw', id: command.id });
      const answer = await line.accepted(command.id);
      must(answer.duplicate === true, 'it is not called `duplicate`');
      must(JSON.stringify(answer.result) === JSON.stringify(first.result), 'it has another result');
    },
  },
  {
    id: 'nacks/withdrawn-running',
    level: 'full',
    sentence: 'its handler runs: as that ends, `command_ack` or the final `command_nack`.',
    needs: ['slow'],
    async judge(trial) {
      const { line } = await capable(trial, 'withdraw');
      const command = trial.command('slow');
      line.send(command);
      await line.settle();
      line.send({ type: 'withdraw', id: command.id });
      const [one, two] = [await line.answer(command.id), await line.answer(command.id)];
      must(one.type === two.type, 'a command and its withdrawal were answered in two ways');
      if (one.type === 'command_nack' || two.type === 'command_nack') {
        await trial.ran(command.id, 0);
        return;
      }
      const duplicates = [one, two].filter(({ duplicate }) => duplicate).length;
      must(
        duplicates === 1,
        `${duplicates} of the answers to a command and its withdrawal are \`duplicate\``,
      );
    },
  },
  {
    id: 'nacks/withdrawn-waiting',
    level: 'full',
    sentence: "A command that waits in a queue of the server's leaves it;",
    needs: ['slow', 'accept'],
    async judge(trial) {
      const { line } = await capable(trial, 'withdraw');
      const [slow, behind] = [trial.command('slow'), trial.command('accept')];
      line.send(slow, behind, { type: 'withdraw', id: behind.id });
      const { code, retry, ran } = await line.refused(behind.id);
      must(
        code === 'cancelled' && !retry && ran === false,
        `it was answered ${code}, retry ${retry}, ran ${ran}`,
      );
      await line.accepted(slow.id);
      await line.settle();
      await trial.quiet();
      must(
        line.all('command_ack').every(({ id }) => id !== behind.id),
        'a command that was withdrawn was accepted',
      );
      await trial.ran(behind.id, 0);
    },
  },
  {
    id: 'nacks/expired',
    level: 'full',
    sentence:
      'A server with the capability `"expires_at"` does not begin a command whose `expires_at` has passed by its own clock.',
    needs: ['accept'],
    async judge(trial) {
      const { line, welcome } = await capable(trial, 'expires_at');
      const command = trial.command('accept', { expiresAt: welcome.server_time - 1_000 });
      line.send(command);
      const { code, retry, ran } = await line.refused(command.id);
      must(
        code === 'expired' && !retry && ran === false,
        `it was answered ${code}, retry ${retry}, ran ${ran}`,
      );
      await trial.ran(command.id, 0);
      const inTime = trial.command('accept', { expiresAt: welcome.server_time + 3_600_000 });
      line.send(inTime);
      await line.accepted(inTime.id);
      line.send({ ...inTime, attempt: 2, expires_at: welcome.server_time - 1_000 });
      must(
        (await line.accepted(inTime.id)).duplicate === true,
        'what had been accepted is not answered so past its end',
      );
    },
  },
];

/** The command as text, with a further field that holds this number. */
function withNumber(frame: ClientFrameOf['command'], number: string): string {
  return JSON.stringify({ ...frame, command: { ...frame.command, number: 0 } }).replace(
    '"number":0',
    () => `"number":${number}`,
  );
}

/** `ran: false` is said only where no handler of it has begun, as far as the control interface can tell. */
async function saysIfBegun(trial: Trial, id: string, ran: false | undefined): Promise<void> {
  if (trial.control.can('runs') && (await trial.control.runs(id)) > 0) {
    must(ran === undefined, '`ran: false` of a command whose handler had begun');
  }
}
