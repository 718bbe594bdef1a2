import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { command, parseGiven, usageOf } from '../../scripts/command-line.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const { scripts }: { scripts: Readonly<Record<string, string>> } = JSON.parse(
  readFileSync(resolve(ROOT, 'package.json'), 'utf8'),
);
const text = (script: string) => readFileSync(resolve(ROOT, script), 'utf8');
/** Those of ours that read options, each with its script. */
const commands = Object.entries(scripts).flatMap(([name, line]) => {
  const [, script] = /\bnode (\S+\.ts)$/.exec(line) ?? [];
  const isOne = script !== undefined && /command-line\.ts|arguments\.ts/.test(text(script));
  return isOne
    ? [[name === 'start' || name === 'test' ? `npm ${name}` : `npm run ${name}`, script] as const]
    : [];
});

test('the commands that take options are these', () => {
  expect(commands.map(([name]) => name).sort()).toEqual(
    [
      ...['npm start', 'npm test', 'npm run screenshots', 'npm run cluster', 'npm run test:engines'],
      ...[
        'npm run simulate',
        'npm run mutations',
        'npm run kills',
        'npm run bench',
        'npm run bench:console',
        'npm run soak',
        'npm run load',
        'npm run site',
      ],
    ].sort(),
  );
});

test.each(commands)(
  '%s says with --help what it can be told, and does nothing else',
  async (name, script) => {
    const { stdout } = await promisify(execFile)(process.execPath, [script, '--help'], { cwd: ROOT });
    expect(stdout.startsWith(`${name} -- [options]`)).toBe(true);
    expect(stdout).toMatch(/^ {2}--help +prints this$/m);
  },
);

test('a command refuses an option that it does not have, and names those that it has', async () => {
  const ended = promisify(execFile)(process.execPath, ['scripts/test.ts', '--nonsense'], { cwd: ROOT });
  await expect(ended).rejects.toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/--nonsense(.|\n)*--help/),
  });
});

const EXAMPLE = command({
  name: 'npm run example',
  about: 'Shows what there is.\nIn two lines.',
  names: { takes: 'STAGE', about: 'only this one' },
  options: {
    short: { type: 'flag', short: 's', about: 'less of it' },
    only: { type: 'texts', takes: 'NAME', about: 'this one' },
    seeds: { type: 'number', takes: 'N', default: 20, about: 'so many,\nor more' },
    seed: { type: 'number', takes: 'SEED', about: 'this one again' },
    by: { type: 'text', takes: 'KIND', default: '', about: 'those of this kind' },
  },
});

test('what is not given has its default, or is null', () => {
  expect(parseGiven(EXAMPLE, [])).toEqual({
    values: { short: false, only: [], seeds: 20, seed: null, by: '' },
    names: [],
  });
});

test('what is given is of its type', () => {
  const args = ['unit', '-s', '--only', 'a', '--only', 'b', '--seeds', '3', '--seed', '0', '--by', 'x'];
  expect(parseGiven(EXAMPLE, args)).toEqual({
    values: { short: true, only: ['a', 'b'], seeds: 3, seed: 0, by: 'x' },
    names: ['unit'],
  });
});

test.each([[['--seeds', 'many']], [['--seeds', '']], [['--seeds']], [['--unknown']]])(
  '%j is refused, as what a person has to write otherwise',
  (args) => {
    expect(() => parseGiven(EXAMPLE, args)).toThrow(expect.objectContaining({ name: 'WrongArguments' }));
  },
);

test('the help names each option with its value, its meaning and its default, in columns', () => {
  expect(usageOf(EXAMPLE)).toBe(
    [
      'npm run example -- [options] [STAGE …]',
      '  Shows what there is.',
      '  In two lines.',
      '  STAGE        only this one',
      '  -s, --short  less of it',
      '  --only NAME  this one; may be given several times',
      '  --seeds N    so many,',
      '               or more (20)',
      '  --seed SEED  this one again',
      '  --by KIND    those of this kind',
      '  --help       prints this',
    ].join('\n'),
  );
});
