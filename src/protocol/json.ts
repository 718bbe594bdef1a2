/** Which values survive JSON. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };
export type JsonObject = { readonly [key: string]: Json };

/**
 * How deep objects and arrays may be nested within each other: JSON is read at any depth, and what would copy, judge or
 * write the value then would overflow its stack.
 */
export const MAX_DEPTH = 200;
export const TOO_DEEP = `nested more than ${MAX_DEPTH} deep`;

export function isTooDeep(value: unknown, left = MAX_DEPTH): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return !left || Object.values(value).some((inner) => isTooDeep(inner, left - 1));
}

/**
 * Where JSON would change a value, such as `payload.at` for a `Date`; `null` where it would not. A property that is
 * `undefined` counts as absent.
 */
export function whereJsonDiffers(
  value: unknown,
  path = 'payload',
  parents: readonly object[] = [],
): string | null {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return null;
  if (typeof value === 'number') return Number.isFinite(value) && !Object.is(value, -0) ? null : path;
  if (typeof value !== 'object' || parents.includes(value)) return path;
  if (parents.length >= MAX_DEPTH) return `what is ${TOO_DEEP}`;
  const inner = [...parents, value];
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i++) {
      const at = whereJsonDiffers(value[i], `${path}[${i}]`, inner);
      if (at !== null) return at;
    }
    return null;
  }
  const prototype = Object.getPrototypeOf(value);
  if ((prototype !== Object.prototype && prototype !== null) || 'toJSON' in value) return path;
  for (const [key, field] of Object.entries(value)) {
    const at = field === undefined ? null : whereJsonDiffers(field, `${path}.${key}`, inner);
    if (at !== null) return at;
  }
  return null;
}
