/** Reads what a gateway is told: a file, over it variables, over these flags. Says of each mistake where it stands. */
import { readFileSync } from 'node:fs';
import * as v from 'valibot';
import { JsonDocument, JsonProblem, type Path, type Place } from '../../json-document.ts';
import { whyNotPersist } from '../persist.ts';
import { ConfigError } from './config-error.ts';
import { fieldsOf } from './fields.ts';
import { type Said, saidByFlags, saidByVariables } from './overrides.ts';
import { type Config, configSchema } from './schema.ts';
import type { WrongFields } from './wrong-fields.ts';

export interface Sources {
  /** Its path; `null`: there is none. */
  readonly file: string | null;
  /** By name, without dashes. */
  readonly flags: Readonly<Record<string, string | undefined>>;
  readonly env: NodeJS.ProcessEnv;
}

export const FIELDS = fieldsOf(configSchema);

export interface Read {
  readonly config: Config;
  /** With the place of each field that turns out to be wrong, a line for each. */
  errorOf(wrong: WrongFields): ConfigError;
}

/** @throws ConfigError with a line for each mistake. */
export function readConfig({ file, flags, env }: Sources): Read {
  const document = file === null ? null : documentIn(file);
  const said = [...saidByVariables(FIELDS, env), ...saidByFlags(FIELDS, flags)];
  const value = said.reduce<unknown>(
    (whole, { path, value }) => withAt(whole, path, value),
    document?.value ?? {},
  );
  const result = v.safeParse(configSchema, value);
  if (result.success) return { config: result.output, errorOf };
  const lines = result.issues.map((issue) => {
    const path = issue.path?.map(({ key }) => key as PropertyKey) ?? [];
    return line(path, sentenceOf(issue), isAboutName(issue));
  });
  throw new ConfigError(lines.join('\n'));

  function errorOf(wrong: WrongFields): ConfigError {
    const lines = wrong.fields.map(({ path, reason }) => line(path, reason, false));
    return new ConfigError(lines.join('\n'), { cause: wrong });
  }

  function line(path: Path, sentence: string, isAboutName: boolean): string {
    const name = path.length > 0 ? `${path.map(String).join('.')}: ` : '';
    return `${whereIs(path, isAboutName)}: ${name}${sentence}`;
  }

  function whereIs(path: Path, isAboutName: boolean): string {
    const elsewhere = saidAt(said, path)?.by;
    if (elsewhere !== undefined) return elsewhere;
    if (file === null || document === null) return 'configuration';
    return at(file, isAboutName ? document.placeOfName(path) : document.placeOf(path));
  }
}

function documentIn(file: string): JsonDocument {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new ConfigError(`${file} cannot be read; \`trunkline serve --init\` writes an example`, {
      cause: error,
    });
  }
  try {
    return new JsonDocument(text);
  } catch (error) {
    if (error instanceof JsonProblem) throw new ConfigError(`${at(file, error.place)}: ${error.message}`);
    throw error;
  }
}

const at = (file: string, { line, column }: Place) => `${file}:${line}:${column}`;

/** What was said of it, or of a part of it, or of what it is a part of. */
function saidAt(said: readonly Said[], path: Path): Said | undefined {
  return said.filter((one) => one.path.every((step, index) => step === path[index])).at(-1);
}

function withAt(whole: unknown, [step, ...rest]: readonly string[], value: unknown): unknown {
  if (step === undefined) return value;
  const fields = typeof whole === 'object' && whole !== null && !Array.isArray(whole) ? whole : {};
  const inner = (fields as Record<string, unknown>)[step];
  return { ...fields, [step]: withAt(inner, rest, value) };
}

type Issue = v.BaseIssue<unknown>;
/** Of an object's entry, and not of what it holds. */
const isAboutName = (issue: Issue) => isUnknownField(issue) || issue.path?.at(-1)?.origin === 'key';
const isUnknownField = ({ type, expected }: Issue) => type === 'strict_object' && expected === 'never';

function sentenceOf(issue: Issue): string {
  if (isUnknownField(issue)) return whyNotPersist(issue) ?? 'there is no such field';
  // Of an object that is one, and lacks a field.
  const isMissing = issue.type === 'strict_object' && issue.received === 'undefined';
  return isMissing ? 'it has to be there' : issue.message;
}
