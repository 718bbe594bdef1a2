import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { ask } from '../../../src/cli/ask.ts';

const terminal = () => ({ stdin: new PassThrough(), stdout: new PassThrough() });
const even = (answer: string) => (Number(answer) % 2 === 0 ? Number(answer) : null);

test('a question is asked again until there is an answer to it', async () => {
  const { stdin, stdout } = terminal();
  let said = '';
  stdout.on('data', (chunk) => {
    said += chunk;
    if (said === 'Even? ') stdin.write('3\n');
    if (said === 'Even? Even? ') stdin.write(' 4 \n');
  });
  expect(await ask({ stdin, stdout }, 'Even? ', even)).toBe(4);
});

test('a question has no answer where the person ends it', async () => {
  const { stdin, stdout } = terminal();
  const answer = ask({ stdin, stdout }, 'Even? ', even);
  stdin.end();
  expect(await answer).toBeNull();
});
