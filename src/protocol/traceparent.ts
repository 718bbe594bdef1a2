/** A trace and one span of it, as a header of W3C's Trace Context names them (https://www.w3.org/TR/trace-context/). */

/** Version, id of the trace, id of the span, flags. */
export const TRACEPARENT = /^[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/;
/** A version that cannot be, or an id that is none. */
const VOID = /^ff|-0{32}-|-0{16}-/;

export const isTraceparent = (value: unknown): value is string =>
  typeof value === 'string' && TRACEPARENT.test(value) && !VOID.test(value);
