/** What a route of the control port is: what it takes, what it answers, and what it does. */
import * as v from 'valibot';

export interface Asked<Body> {
  readonly body: Body;
  /** Of `Idempotency-Key`. */
  readonly idempotencyKey: string | null;
}

export interface Answer {
  readonly status: number;
  /** JSON, unless it says what else it is. */
  readonly body: unknown;
  readonly contentType?: string;
}

/** Described by `/openapi.json`, and kept to: a test asks each. */
export interface Answers {
  readonly [status: number]: { readonly description: string; readonly schema: v.GenericSchema };
}

export interface Route {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly summary: string;
  readonly isOpen: boolean;
  readonly takesIdempotencyKey: boolean;
  /** What it takes waits for the log in memory: too much of it at once is refused. */
  readonly isBulky: boolean;
  readonly body: v.GenericSchema | null;
  readonly answers: Answers;
  /** @param asked its body was read by the schema */
  perform(asked: Asked<unknown>): Promise<Answer>;
}

interface Told {
  readonly path: string;
  readonly summary: string;
  readonly answers: Answers;
  /** Answered without the key. @default false */
  readonly isOpen?: boolean;
  /** @default false */
  readonly takesIdempotencyKey?: boolean;
  /** @default false */
  readonly isBulky?: boolean;
}

export function get(told: Told, perform: () => Answer | Promise<Answer>): Route {
  return {
    isOpen: false,
    takesIdempotencyKey: false,
    isBulky: false,
    ...told,
    method: 'GET',
    body: null,
    perform: async () => await perform(),
  };
}

export function post<S extends v.GenericSchema>(
  told: Told & { readonly body: S },
  perform: (asked: Asked<v.InferOutput<S>>) => Answer | Promise<Answer>,
): Route {
  return {
    isOpen: false,
    takesIdempotencyKey: false,
    isBulky: false,
    ...told,
    method: 'POST',
    perform: async (asked) => await perform(asked as Asked<v.InferOutput<S>>),
  };
}

export const ok = (body: unknown): Answer => ({ status: 200, body });

/** Of every answer that is not what was asked for. */
export const problem = v.strictObject({
  code: v.pipe(v.string(), v.description('For programs')),
  message: v.pipe(v.string(), v.description('For people')),
});

/** Thrown where a request cannot be performed. */
export class Refusal extends Error {
  readonly status: number;
  readonly code: string;
  readonly headers: Readonly<Record<string, string>>;

  constructor(status: number, code: string, message: string, headers: Readonly<Record<string, string>> = {}) {
    super(message);
    this.status = status;
    this.code = code;
    this.headers = headers;
  }
}
