/** Who somebody is, and what they may do, as a backend says it. */
import { createHash, randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import * as v from 'valibot';
import type { Principal } from '../../server/log/event-log.ts';
import type { Authenticated, Claims } from '../../server/types.ts';
import type { Backend } from '../backend/backend.ts';
import type { JsonAnswer } from '../backend/post.ts';
import { type Judged, wrong } from '../backend/problem.ts';
import { Remembered } from './remembered.ts';
import type { Action } from './topic-rules.ts';
import { Unanswered } from './unanswered.ts';

const authenticatedSchema = v.strictObject({
  /** `null`: nobody. */
  principal: v.nullable(v.pipe(v.string(), v.nonEmpty())),
  claims: v.optional(v.record(v.string(), v.unknown())),
  /** When the connection ends, milliseconds since 1970. */
  expires_at: v.optional(v.number()),
});
const authorizedSchema = v.strictObject({ allowed: v.boolean() });

export class AuthenticationHook {
  readonly #backend: Backend;
  readonly #remembered: Remembered<Authenticated | null>;

  constructor(backend: Backend, rememberMs: number) {
    this.#backend = backend;
    this.#remembered = new Remembered(rememberMs, () => performance.now());
  }

  /** @throws Unanswered where it gives no clear answer: the client comes again. */
  async authenticate(
    token: string | undefined,
    { headers: { cookie, origin } }: Pick<IncomingMessage, 'headers'>,
    signal: AbortSignal,
  ): Promise<Authenticated | null> {
    const body = JSON.stringify({ kind: 'authenticate', token: token ?? null, origin: origin ?? null });
    const headers: Record<string, string> = cookie === undefined ? {} : { cookie };
    const ask = async () => {
      const question = { id: randomUUID(), body, headers, signal };
      const answer = await this.#backend.ask('authenticate', question, (json) =>
        read(authenticatedSchema, json),
      );
      if (!answer.ok) throw new Unanswered(answer.problem);
      const { principal, claims = {}, expires_at: expiresAt } = answer.value;
      if (principal === null) return null;
      return { principal, claims, ...(expiresAt === undefined ? {} : { expiresAt }) };
    };
    return await this.#remembered.get(digest([body, cookie]), ask, (person) => person?.principal ?? null);
  }

  forget(principal: Principal): void {
    this.#remembered.forget(principal);
  }
}

export class AuthorizationHook {
  readonly #backend: Backend;
  readonly #remembered: Remembered<boolean>;

  constructor(backend: Backend, rememberMs: number) {
    this.#backend = backend;
    this.#remembered = new Remembered(rememberMs, () => performance.now());
  }

  /** @throws Unanswered where it gives no clear answer: what is asked for is put off. */
  async authorize(principal: Principal, topic: string, action: Action, claims: Claims): Promise<boolean> {
    const body = JSON.stringify({ kind: 'authorize', principal, topic, action, claims });
    const ask = async () => {
      const question = { id: randomUUID(), body };
      const answer = await this.#backend.ask('authorize', question, (json) => read(authorizedSchema, json));
      if (!answer.ok) throw new Unanswered(answer.problem);
      return answer.value.allowed;
    };
    return await this.#remembered.get(digest([body]), ask, () => principal);
  }

  forget(principal: Principal): void {
    this.#remembered.forget(principal);
  }
}

function read<T extends v.GenericSchema>(schema: T, { status, json }: JsonAnswer): Judged<v.InferOutput<T>> {
  if (status >= 300)
    return wrong('failed', `it answered ${status} with a code; what it decides, it answers with 200`);
  if (Array.isArray(json)) return wrong('unclear', `it answered ${status} with a list`);
  const read = v.safeParse(schema, json);
  if (read.success) return { ok: true, value: read.output };
  const [issue] = read.issues;
  return wrong(
    'unclear',
    `it answered ${status} with JSON of another shape: ${v.getDotPath(issue) ?? ''} ${issue.message}`,
  );
}

/** Tokens and cookies are not kept longer than they are needed. */
function digest(parts: readonly (string | undefined)[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('base64');
}
