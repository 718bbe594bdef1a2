/** What flags and variables say of a configuration. */
import { ConfigError } from './config-error.ts';
import type { Field } from './fields.ts';

/** One field, as it was said elsewhere than in the file. */
export interface Said {
  readonly path: readonly string[];
  readonly value: unknown;
  /** Where, for people. */
  readonly by: string;
}

/** Of this program, and no fields: read by the log that an address names. */
const OTHER_VARIABLES = ['TRUNKLINE_LOG_PASSWORD', 'TRUNKLINE_LOG_PASSWORD_FILE', 'TRUNKLINE_CONFIG'];
const PREFIX = 'TRUNKLINE_';
/** Of an address. */
const HAS_PASSWORD = /:\/\/[^/?#]*:[^/?#]*@/;

/** @throws ConfigError for a value that cannot be read. */
export function saidByVariables(fields: readonly Field[], env: NodeJS.ProcessEnv): readonly Said[] {
  return fields.flatMap(({ path, variable, reading }): Said[] => {
    const text = env[variable];
    if (reading !== 'secret') return text === undefined ? [] : [said(path, text, reading, variable)];
    const file = env[`${variable}_FILE`];
    return [
      ...(file === undefined ? [] : [{ path, value: { file }, by: `${variable}_FILE` }]),
      ...(text === undefined ? [] : [{ path, value: { variable }, by: variable }]),
    ];
  });
}

/** Variables that look as if they were for this program, and are not. */
export function unknownVariables(fields: readonly Field[], env: NodeJS.ProcessEnv): readonly string[] {
  const known = new Set([
    ...OTHER_VARIABLES,
    ...fields.flatMap(({ variable }) => [variable, `${variable}_FILE`]),
  ]);
  return Object.keys(env).filter((name) => name.startsWith(PREFIX) && !known.has(name));
}

/** The names of all flags, without their dashes; a secret's own is among them, so that it can be refused with a reason. */
export function flagNames(fields: readonly Field[]): readonly string[] {
  return fields.flatMap(({ flag, reading }) =>
    reading === 'secret' ? [flag, `${flag}-file`, `${flag}-variable`] : [flag],
  );
}

/** @throws ConfigError for a value that cannot be read, and for a secret. */
export function saidByFlags(
  fields: readonly Field[],
  flags: Readonly<Record<string, string | undefined>>,
): readonly Said[] {
  return fields.flatMap(({ path, flag, variable, reading }): Said[] => {
    const text = flags[flag];
    if (reading !== 'secret') {
      if (text !== undefined && HAS_PASSWORD.test(text)) throw secretInArgument(flag, variable);
      return text === undefined ? [] : [said(path, text, reading, `--${flag}`)];
    }
    if (text !== undefined)
      throw secretInArgument(flag, `${variable}, or into a file that --${flag}-file names`);
    return (['file', 'variable'] as const).flatMap((kind) => {
      const place = flags[`${flag}-${kind}`];
      return place === undefined ? [] : [{ path, value: { [kind]: place }, by: `--${flag}-${kind}` }];
    });
  });
}

function secretInArgument(flag: string, instead: string): ConfigError {
  return new ConfigError(
    `--${flag}: a secret in an argument can be read by whoever lists the programs of this machine. Put it into the variable ${instead}.`,
  );
}

function said(path: readonly string[], text: string, reading: Field['reading'], by: string): Said {
  if (reading === 'text') return { path, value: text, by };
  if (reading === 'list' && !text.startsWith('[')) return { path, value: text.split(','), by };
  try {
    return { path, value: JSON.parse(text), by };
  } catch {
    throw new ConfigError(`${by}: ${JSON.stringify(text)} is no JSON, as which it is read`);
  }
}
