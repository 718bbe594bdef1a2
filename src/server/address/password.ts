/** Where the password of a log's database comes from: never from an argument. */
import { readFileSync } from 'node:fs';

const VARIABLE = 'TRUNKLINE_LOG_PASSWORD';
const FILE_VARIABLE = 'TRUNKLINE_LOG_PASSWORD_FILE';

export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * What tells the password now, from a file each time anew; `null` where none is given.
 *
 * @throws Error where it is given twice, or the file cannot be read.
 */
export function passwordIn(env: Environment): (() => string) | null {
  const { [VARIABLE]: value, [FILE_VARIABLE]: file } = env;
  if (file === undefined) return value === undefined ? null : () => value;
  if (value !== undefined) throw new Error(`both ${VARIABLE} and ${FILE_VARIABLE} are set: one is enough`);
  const read = () => readPassword(file);
  read();
  return read;
}

function readPassword(file: string): string {
  try {
    // Editors end a file with a line's end.
    return readFileSync(file, 'utf8').replace(/\r?\n$/, '');
  } catch (error) {
    throw new Error(`${FILE_VARIABLE} names ${file}, which cannot be read`, { cause: error });
  }
}
