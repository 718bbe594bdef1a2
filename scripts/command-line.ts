/** How a command of this repository is told what to do: by one table of options, which `--help` prints. */
import { type ParseArgsOptionDescriptor, parseArgs } from 'node:util';

interface About {
  /** What it means, for people; further lines are indented. */
  readonly about: string;
  /** A letter that stands for it. */
  readonly short?: string;
}
interface Takes<Value> extends About {
  /** What the help calls its value. */
  readonly takes: string;
  /** Without one, it is `null` where it is not given. */
  readonly default?: Value;
}
export type Option =
  | ({ readonly type: 'flag' } & About)
  | ({ readonly type: 'text' } & Takes<string>)
  | ({ readonly type: 'number' } & Takes<number>)
  /** May be given several times. */
  | ({ readonly type: 'texts' } & Omit<Takes<never>, 'default'>);
type Options = Readonly<Record<string, Option>>;

export interface Command<O extends Options = Options> {
  /** Such as `npm run soak`. */
  readonly name: string;
  readonly about: string;
  readonly options: O;
  /** What may stand beside the options, and what it means. @default nothing may */
  readonly names?: { readonly takes: string; readonly about: string };
}

type OrNull<O, Value> = O extends { readonly default: Value } ? Value : Value | null;
type ValueOf<O extends Option> = O['type'] extends 'flag'
  ? boolean
  : O['type'] extends 'texts'
    ? readonly string[]
    : O['type'] extends 'number'
      ? OrNull<O, number>
      : OrNull<O, string>;
export interface Given<O extends Options> {
  readonly values: { readonly [K in keyof O]: ValueOf<O[K]> };
  readonly names: readonly string[];
}

/** What a person has to write in another way. */
export class WrongArguments extends Error {
  override readonly name = 'WrongArguments';
}

/** For its table: with all that TypeScript knows of it. */
export function command<const O extends Options>(described: Command<O>): Command<O> {
  return described;
}

/** What was given. Ends the process after `--help`, and where it was wrong, with status 2. */
export function commandLine<O extends Options>(described: Command<O>): Given<O>;
/** @param read makes of it what the command works with. @throws WrongArguments */
export function commandLine<O extends Options, T>(described: Command<O>, read: (given: Given<O>) => T): T;
export function commandLine<O extends Options>(
  described: Command<O>,
  read: (given: Given<O>) => unknown = (given) => given,
): unknown {
  const args = process.argv.slice(2);
  if (args.includes('--help') || args.includes('-h')) {
    console.log(usageOf(described));
    process.exit(0);
  }
  try {
    return read(parseGiven(described, args));
  } catch (error) {
    if (!(error instanceof WrongArguments)) throw error;
    console.error(`${error.message}\n\n${usageOf(described)}`);
    process.exit(2);
  }
}

/** @throws WrongArguments */
export function parseGiven<O extends Options>(described: Command<O>, args: readonly string[]): Given<O> {
  const { options, names } = described;
  const { values, positionals } = parsed(() =>
    parseArgs({
      args: [...args],
      options: mapped(options, descriptorOf),
      allowPositionals: names !== undefined,
    }),
  );
  return {
    // Each is of the type that its own description tells.
    values: mapped(options, (option, name) => valueTaken(option, name, values[name])) as Given<O>['values'],
    names: positionals,
  };
}

export function usageOf({ name, about, options, names }: Command): string {
  const rows = [
    ...(names ? [[names.takes, names.about] as const] : []),
    ...Object.entries(options).map(([name, option]) => [writtenAs(name, option), meaningOf(option)] as const),
    ['--help', 'prints this'] as const,
  ];
  const width = Math.max(...rows.map(([written]) => written.length));
  const indented = (text: string, by: number) => text.replaceAll('\n', `\n${' '.repeat(by)}`);
  return [
    `${name} -- [options]${names ? ` [${names.takes} …]` : ''}`,
    `  ${indented(about, 2)}`,
    ...rows.map(([written, meaning]) => `  ${written.padEnd(width)}  ${indented(meaning, width + 4)}`),
  ].join('\n');
}

function parsed<T>(parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    throw new WrongArguments(error instanceof Error ? error.message : String(error), { cause: error });
  }
}

function descriptorOf({ type, short }: Option): ParseArgsOptionDescriptor {
  return {
    type: type === 'flag' ? 'boolean' : 'string',
    multiple: type === 'texts',
    ...(short === undefined ? {} : { short }),
  };
}

function valueTaken(option: Option, name: string, value: unknown): unknown {
  switch (option.type) {
    case 'flag':
      return value === true;
    case 'texts':
      return value ?? [];
    case 'text':
      return value ?? option.default ?? null;
    case 'number':
      return typeof value === 'string' ? numberOf(name, value) : (option.default ?? null);
  }
}

function numberOf(name: string, value: string): number {
  const number = value.trim() === '' ? Number.NaN : Number(value);
  if (!Number.isFinite(number)) throw new WrongArguments(`--${name} takes a number, not "${value}"`);
  return number;
}

function writtenAs(name: string, option: Option): string {
  const short = option.short === undefined ? '' : `-${option.short}, `;
  return `${short}--${name}${'takes' in option ? ` ${option.takes}` : ''}`;
}

function meaningOf(option: Option): string {
  const usual = 'default' in option && option.default !== '' ? option.default : undefined;
  const often = option.type === 'texts' ? '; may be given several times' : '';
  return `${option.about}${often}${usual === undefined ? '' : ` (${usual})`}`;
}

function mapped<V, W>(
  record: Readonly<Record<string, V>>,
  map: (value: V, name: string) => W,
): Record<string, W> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, map(value, name)]));
}
