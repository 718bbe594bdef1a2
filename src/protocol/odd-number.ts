/** Numbers in what was read of JSON that are not the ones that were written. */

export interface OddNumber {
  /** The first that is beyond all numbers, as `1e400`, or else the first beyond 2^53, where several integers are read as one. */
  readonly value: number;
  /** In words, with the field. */
  readonly message: string;
}

/** In a value that is not nested too deep. */
export function oddNumber(type: string, input: unknown): OddNumber | null {
  const found = find(input);
  if (!found) return null;
  const { at, value } = found;
  const why = Number.isFinite(value)
    ? 'beyond 2^53, where several numbers are read as one: send it as text'
    : 'larger than any number';
  return { value, message: `${type}: ${at.join('.')} is ${why}` };
}

function find(value: unknown): { at: readonly string[]; value: number } | null {
  if (typeof value === 'number') return Math.abs(value) > Number.MAX_SAFE_INTEGER ? { at: [], value } : null;
  if (typeof value !== 'object' || value === null) return null;
  let found: ReturnType<typeof find> = null;
  for (const [name, inner] of Object.entries(value)) {
    const odd = find(inner);
    if (!odd || (found && Number.isFinite(odd.value))) continue;
    found = { at: [name, ...odd.at], value: odd.value };
    if (!Number.isFinite(odd.value)) break;
  }
  return found;
}
