/** JSON as it comes over HTTP. */

/** Else what is no UTF-8 would be read as something else. */
const UTF_8 = new TextDecoder('utf-8', { fatal: true });
/** Also within a text, which only costs time. */
const MAY_HOLD_NEGATIVE_ZERO = /[[:,\s]-0/;

/**
 * A zero with a sign, which languages other than JavaScript compute and write, is zero: it would not be written again as it came.
 *
 * @throws Error for what is no JSON of UTF-8.
 */
export function parseJson(bytes: Uint8Array): unknown {
  const text = UTF_8.decode(bytes);
  return MAY_HOLD_NEGATIVE_ZERO.test(text) ? JSON.parse(text, withoutSign) : JSON.parse(text);
}

function withoutSign(_: string, value: unknown): unknown {
  return Object.is(value, -0) ? 0 : value;
}
