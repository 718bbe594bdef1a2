/** Where a secret is: never in the configuration itself, nor in an argument, which every program of the machine can read. */
import { readFileSync } from 'node:fs';
import * as v from 'valibot';

export const secret = v.pipe(
  v.union(
    [
      v.strictObject({ file: v.pipe(v.string(), v.nonEmpty()) }),
      v.strictObject({ variable: v.pipe(v.string(), v.nonEmpty()) }),
    ],
    'A secret stands elsewhere: name it by {"file": PATH} or by {"variable": NAME}',
  ),
  v.description('A file that holds it, or a variable that does. A line break at its end does not count.'),
);
export type Secret = v.InferOutput<typeof secret>;

/** @throws Error that names the file or the variable, and says what is wrong with it. */
export function secretAt(place: Secret, env: NodeJS.ProcessEnv): string {
  const text = 'file' in place ? fileIn(place.file) : env[place.variable];
  const where = 'file' in place ? `the file ${place.file}` : `the variable ${place.variable}`;
  if (text === undefined) throw new Error(`${where}, which is to hold a secret, is not set`);
  const found = text.replace(/\r?\n$/, '');
  if (found === '') throw new Error(`${where}, which is to hold a secret, is empty`);
  return found;
}

function fileIn(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new Error(`the file ${path}, which is to hold a secret, cannot be read`, { cause: error });
  }
}
