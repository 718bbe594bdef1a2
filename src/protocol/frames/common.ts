/** What the fields of frames may hold. */
import * as v from 'valibot';
import type { Typed } from '../interpret.ts';
import { isTraceparent } from '../traceparent.ts';

/**
 * A field is judged by one predicate, which is smaller and faster than a pipe of the library's own checks. `wanted`
 * completes "expected …", for whoever wrote the frame. As JSON Schema they are in `scripts/protocol-schema.ts`.
 */
const scalar = <T>(is: (value: unknown) => boolean, wanted: string) => v.custom<T>(is, wanted);

export const isNumber = (value: unknown): value is number => Number.isFinite(value);
const isInteger = (value: unknown): value is number => Number.isSafeInteger(value);
const isString = (value: unknown): value is string => typeof value === 'string';

export const number = scalar<number>(isNumber, 'a number');
export const positive = scalar<number>((value) => isNumber(value) && value > 0, 'a number above 0');
export const nonnegative = scalar<number>((value) => isNumber(value) && value >= 0, 'a number from 0');
export const int = scalar<number>(isInteger, 'an integer');
export const positiveInt = scalar<number>((value) => isInteger(value) && value > 0, 'an integer above 0');
/** A client that reads less could not even be welcomed, and of a server that reads less every command would be refused for good. */
export const LEAST_FRAME_BYTES = 1_024;
export const frameBytes = scalar<number>(
  (value) => isInteger(value) && value >= LEAST_FRAME_BYTES,
  `an integer from ${LEAST_FRAME_BYTES}`,
);
export const count = scalar<number>((value) => isInteger(value) && value >= 0, 'an integer from 0');

export const UUID =
  /^([0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[1-8][0-9a-fA-F]{3}-[89abAB][0-9a-fA-F]{3}-[0-9a-fA-F]{12}|00000000-0000-0000-0000-000000000000|ffffffff-ffff-ffff-ffff-ffffffffffff)$/;
export const uuid = scalar<string>((value) => isString(value) && UUID.test(value), 'a UUID');

/** Milliseconds since 1970 by the clock of whoever sends the frame. */
export const time = number;
/** A positive integer, strictly increasing within a topic. */
export const offset = count;
/** In Unicode code points, as JSON Schema counts them. */
export const MAX_TOPIC_LENGTH = 1_024;
export const isTopicName = (value: unknown): value is string =>
  isString(value) &&
  value !== '' &&
  value.length <= 2 * MAX_TOPIC_LENGTH &&
  [...value].length <= MAX_TOPIC_LENGTH;
export const topic = scalar<string>(isTopicName, `a string of 1 to ${MAX_TOPIC_LENGTH} characters`);
export const traceparent = /* @__PURE__ */ scalar<string>(
  isTraceparent,
  'a traceparent of W3C Trace Context',
);
/** Which request of the client a frame belongs to; 0 where the server speaks unasked. */
export const ref = count;
/** The last event that a client has processed. */
export const cursor = v.object({ epoch: v.string(), offset });
export type Cursor = v.InferOutput<typeof cursor>;

export const isTyped = (value: unknown): value is Typed =>
  typeof value === 'object' &&
  value !== null &&
  !Array.isArray(value) &&
  'type' in value &&
  isString(value.type);
const harmless = ({ ['__proto__']: _, ...fields }: Typed): Typed => fields;
const named = scalar<Typed>(isTyped, 'an object with a string `type`');
/**
 * Application data: an object that names its type. What else it holds is kept, but for the one field that would change
 * the prototype of an object that it is assigned to. It is left out on the way in: the library's pipe would be code for this alone.
 */
export const typed: typeof named = {
  ...named,
  '~run'(dataset, config) {
    const { value } = dataset;
    if (isTyped(value) && Object.hasOwn(value, '__proto__')) dataset.value = harmless(value);
    return named['~run'](dataset, config);
  },
};

/** Told of its first wrong item only: garbage without end is to cost no more. */
export const list = <S extends v.GenericSchema>(item: S) => v.config(v.array(item), { abortEarly: true });
