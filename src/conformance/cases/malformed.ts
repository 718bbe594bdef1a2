/** What is no frame ends the connection, and nothing else. */
import type { Case } from '../case.ts';
import { must } from '../outcome.ts';
import type { Trial } from '../trial.ts';

const SENTENCE = 'From a client, it is answered with [`goodbye`](#goodbye) `bad_frame`.';

function malformed(
  name: string,
  message: (trial: Trial) => string | Buffer,
  sentence: string = SENTENCE,
): Case {
  return {
    id: `malformed/${name}`,
    level: 'smallest',
    sentence,
    async judge(trial) {
      const { line, clientId } = await trial.join();
      line.sendText(message(trial));
      const { code, retry } = await line.next('goodbye');
      must(code === 'bad_frame', `it was answered with \`goodbye\` ${code}`);
      must(retry, 'the client was told not to come back');
      await line.closed();
      await trial.join({ clientId });
    },
  };
}

export const MALFORMED: readonly Case[] = [
  malformed('not-json', () => '{"type":'),
  malformed('no-object', () => '3'),
  malformed('null', () => 'null'),
  malformed('no-type', () => '{"id":1}'),
  malformed('type-is-no-string', () => '{"type":7}'),
  malformed(
    'binary',
    () => Buffer.from('{"type":"ping","id":1}'),
    'a value that is not an object with a string `type`, a binary message',
  ),
  malformed('missing-field', () => '{"type":"subscribe"}'),
  malformed('wrong-field', ({ topic }) => JSON.stringify({ type: 'subscribe', topic, ref: 'one' })),
  malformed('array-for-an-object', (trial) => JSON.stringify({ ...withCommand(trial), command: [] })),
  malformed('command-without-type', (trial) =>
    JSON.stringify({ ...withCommand(trial), command: { text: 'x' } }),
  ),
  malformed('nan', () => '{"type":"ping","id":NaN}'),
  malformed(
    'too-large-an-integer',
    () => '{"type":"ping","id":9007199254740993}',
    'An *int* is a JSON number without a fraction, at most 2<sup>53</sup> − 1.',
  ),
  malformed('infinite-number', () => '{"type":"ping","id":1e400}'),
  malformed('second-hello', (trial) => JSON.stringify(trial.hello()), 'A second `hello` is a `bad_frame`.'),
  malformed(
    'id-is-no-uuid',
    (trial) => JSON.stringify({ ...withCommand(trial), id: 'one' }),
    '| `id` | uuid | the idempotency key: all frames with this id are the same command |',
  ),
  malformed('in-an-array', () => '[{"type":"ping","id":1},[{"type":"ping","id":2}]]'),
  {
    id: 'malformed/before-hello',
    level: 'smallest',
    sentence: 'or another frame came first, the server says `goodbye` `bad_frame`.',
    async judge(trial) {
      const line = await trial.socket();
      // The `hello` behind it does not mend it.
      line.send({ type: 'ping', id: 1 }, trial.hello());
      const { code } = await line.next('goodbye');
      must(line.all('welcome').length === 0, 'a `hello` behind another frame was welcomed');
      must(code === 'bad_frame', `a \`ping\` before \`hello\` was answered with \`goodbye\` ${code}`);
      await line.closed();
    },
  },
  {
    id: 'malformed/limit-of-the-client',
    level: 'full',
    sentence: '| `max_frame_bytes`? | int ≥ 1024 |',
    async judge(trial) {
      for (const maxFrameBytes of [10, -5, 1_023]) {
        const line = await trial.socket();
        line.send(trial.hello({ maxFrameBytes }));
        const { code } = await line.next('goodbye');
        must(
          code === 'bad_frame',
          `a \`max_frame_bytes\` of ${maxFrameBytes} was answered with \`goodbye\` ${code}`,
        );
        await line.closed();
      }
      await trial.join({ maxFrameBytes: 1_024 });
    },
  },
  {
    id: 'malformed/oversized',
    level: 'smallest',
    sentence: "Where a server's WebSocket library ends an oversized message by itself, with close code 1009",
    async judge(trial) {
      const { line, welcome, clientId } = await trial.join();
      const limit = welcome.max_frame_bytes ?? 1_048_576;
      line.sendText(JSON.stringify({ type: 'of_a_later_version', padding: 'x'.repeat(limit) }));
      const code = await line.closed();
      const goodbye = line.all('goodbye').at(-1)?.code;
      must(
        code === 1009 || goodbye === 'bad_frame',
        `a message larger than \`max_frame_bytes\` ended with ${code} and \`goodbye\` ${goodbye}`,
      );
      await trial.join({ clientId });
    },
  },
  {
    id: 'malformed/nothing-after-it-runs',
    level: 'smallest',
    sentence: 'The client processes what arrived before it, writes nothing',
    needs: ['accept'],
    async judge(trial) {
      const { line, clientId } = await trial.join();
      const [before, after] = [trial.command('accept'), trial.command('accept')];
      line.send(before);
      await line.accepted(before.id);
      line.sendText(JSON.stringify([{ type: 'subscribe' }, after]));
      await line.next('goodbye');
      await line.closed();
      await trial.ran(after.id, 0);
      const again = await trial.join({ clientId });
      again.line.send({ ...after, attempt: 2 });
      must(
        (await again.line.accepted(after.id)).duplicate === undefined,
        'a command behind a malformed frame ran',
      );
    },
  },
];

/** A command as it should be, whatever the application makes of it. */
function withCommand(trial: Trial): object {
  return {
    type: 'command',
    id: '7c9e6679-7425-40de-944b-e07fc1f90ae7',
    topic: trial.topic,
    priority: 'high',
    created_at: 1,
    attempt: 1,
    app_version: trial.profile.app_version,
    command: { type: 'a_command_that_never_was' },
  };
}
