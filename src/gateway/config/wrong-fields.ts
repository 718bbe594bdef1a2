/** What of a configuration turns out to be wrong when it is used: all of it at once, each with its field. */
import type { Path } from '../../json-document.ts';

export interface WrongField {
  readonly path: Path;
  /** For people: what is wrong with it, and what to do. */
  readonly reason: string;
}

export class WrongFields extends Error {
  override readonly name = 'WrongFields';
  readonly fields: readonly WrongField[];

  constructor(fields: readonly WrongField[], options?: ErrorOptions) {
    super(fields.map(({ path, reason }) => `${path.map(String).join('.')}: ${reason}`).join('\n'), options);
    this.fields = fields;
  }
}

/** @throws WrongFields where it fails: with this field, and what it has failed with. */
export function ofField<T>(path: Path, make: () => T): T {
  try {
    return make();
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new WrongFields([{ path, reason }], { cause: error });
  }
}

/**
 * Makes all of them, also where one fails.
 * @throws WrongFields with what any of them finds wrong.
 */
export function allOf<T extends Readonly<Record<string, unknown>>>(
  makes: {
    readonly [K in keyof T]: () => T[K];
  },
): T {
  const wrong: WrongField[] = [];
  const made = Object.entries(makes).flatMap(([name, make]: [string, () => unknown]) => {
    try {
      return [[name, make()] as const];
    } catch (error) {
      if (!(error instanceof WrongFields)) throw error;
      wrong.push(...error.fields);
      return [];
    }
  });
  if (wrong.length > 0) throw new WrongFields(wrong);
  // Each of them is there, by its name.
  return Object.fromEntries(made) as T;
}
