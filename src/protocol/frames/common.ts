import * as z from 'zod/mini';

/** Milliseconds since 1970 by the clock of whoever sends the frame. */
export const time = z.number();
/** A positive integer, strictly increasing within a topic. */
export const offset = z.int().check(z.nonnegative());
export const count = z.int().check(z.nonnegative());
export const topic = z.string().check(z.minLength(1), z.maxLength(1_024));
/** Which request of the client a frame belongs to; 0 where the server speaks unasked. */
export const ref = z.int().check(z.nonnegative());
/** The last event that a client has processed. */
export const cursor = z.object({ epoch: z.string(), offset });
export type Cursor = z.infer<typeof cursor>;
/** Application data: an object that names its type. */
export const typed = z.catchall(z.object({ type: z.string() }), z.unknown());
