/** The fields of a configuration, each with the flag and the variable that set it. */
import type * as v from 'valibot';
import { secret } from './secret.ts';

export interface Field {
  /** From the root. */
  readonly path: readonly string[];
  /** Without its dashes. */
  readonly flag: string;
  readonly variable: string;
  /** How what a flag or variable says is read: as it stands, as a list with commas, or as JSON. */
  readonly reading: 'text' | 'list' | 'json' | 'secret';
}

/** As far as it is looked into here. */
interface AnySchema {
  readonly type: string;
  readonly entries?: Readonly<Record<string, AnySchema>>;
  readonly wrapped?: AnySchema;
  readonly options?: readonly unknown[];
  readonly item?: AnySchema;
  readonly pipe?: readonly unknown[];
}

/** Not what a flag or variable is for. */
const ONLY_IN_FILES = ['$schema'];

/** Each of them once, however many forms of a section have it. */
export function fieldsOf(schema: v.GenericSchema): readonly Field[] {
  const fields = fieldsBelow(schema as AnySchema, []);
  return [...new Map(fields.map((field) => [field.flag, field])).values()];
}

function fieldsBelow(schema: AnySchema, path: readonly string[]): Field[] {
  const inner = unwrapped(schema);
  if (isSecret(inner)) return [fieldAt(path, 'secret')];
  if (inner.entries) {
    return Object.entries(inner.entries)
      .filter(([name]) => !ONLY_IN_FILES.includes(name))
      .flatMap(([name, one]) => fieldsBelow(one, [...path, name]));
  }
  const forms = formsOf(inner);
  if (forms.some(({ entries }) => entries)) return forms.flatMap((form) => fieldsBelow(form, path));
  return [fieldAt(path, readingOf(inner))];
}

function readingOf(schema: AnySchema): Field['reading'] {
  if (isText(schema)) return 'text';
  return schema.type === 'array' && schema.item && isText(unwrapped(schema.item)) ? 'list' : 'json';
}

function fieldAt(path: readonly string[], reading: Field['reading']): Field {
  const words = path.map((name) => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`));
  const flag = words.join('-');
  return { path, flag, variable: `TRUNKLINE_${flag.replaceAll('-', '_').toUpperCase()}`, reading };
}

function unwrapped(schema: AnySchema): AnySchema {
  return schema.wrapped ? unwrapped(schema.wrapped) : schema;
}

function formsOf({ type, options = [] }: AnySchema): readonly AnySchema[] {
  return type === 'union' || type === 'variant' ? (options as readonly AnySchema[]).map(unwrapped) : [];
}

const isText = ({ type }: AnySchema) => type === 'string' || type === 'picklist';
const isSecret = (schema: AnySchema) => (schema as unknown) === secret;
