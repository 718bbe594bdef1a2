/** What a backend's answer to a command means: only what can be read without doubt ends it. */
import * as v from 'valibot';
import { typed } from '../../protocol/frames/common.ts';
import { fieldMessage } from '../persist.ts';
import type { Accepted, BackendAnswer } from './contract.ts';
import type { JsonAnswer } from './post.ts';
import { type Judged, wrong } from './problem.ts';

/** An event that a backend publishes, with what is said of it where no protocol module says it. */
export const publishingSchema = v.strictObject(
  {
    topic: v.string(),
    event: typed,
    key: v.optional(v.string()),
    gone: v.optional(v.boolean()),
    critical: v.optional(v.boolean()),
  },
  fieldMessage,
);

/** Which command it answers. Who says it can never be heard as the answer to another one, whatever stands in between. */
const idempotency_key = v.optional(v.string());

const acceptedSchema = v.strictObject({
  idempotency_key,
  /** What the person is told; any JSON. */
  result: v.optional(v.unknown()),
  publish: v.optional(v.array(publishingSchema), []),
});
const refusedSchema = v.strictObject({
  idempotency_key,
  /** For the page. */
  code: v.pipe(v.string(), v.minLength(1), v.maxLength(100)),
  /** For the person. */
  message: v.optional(v.pipe(v.string(), v.maxLength(1_000)), ''),
});

/** @param take as `CommandBackend` has it */
export function judgeAnswer(
  key: string,
  { status, json }: JsonAnswer,
  take: (answer: Accepted) => void,
): Judged<Exclude<BackendAnswer, { status: 'later' }>> {
  const isAccepted = status < 300;
  const kind = isAccepted ? 'unclear' : 'failed';
  if (Array.isArray(json)) return wrong(kind, `it answered ${status} with a list`);
  const read = v.safeParse(isAccepted ? acceptedSchema : refusedSchema, json);
  if (!read.success) {
    const [issue] = read.issues;
    const at = v.getDotPath(issue);
    const where = at === null ? '' : ` at ${at}`;
    const wanted = isAccepted ? 'an answer to a command' : 'a refusal, which has a `code`';
    return wrong(kind, `it answered ${status} with JSON that is not ${wanted}${where}: ${issue.message}`);
  }
  const { output } = read;
  if (output.idempotency_key !== undefined && output.idempotency_key !== key) {
    return wrong('foreign', `it answered the command ${output.idempotency_key}, and was asked for ${key}`);
  }
  if ('code' in output) {
    const { code, message } = output;
    return { ok: true, value: { status: 'refused', code, message: message === '' ? code : message } };
  }
  const { result, publish } = output;
  const accepted: Accepted = { status: 'accepted', result, events: publish };
  try {
    take(accepted);
  } catch (error) {
    return wrong(
      'unclear',
      `what it answered cannot be taken: ${error instanceof Error ? error.message : error}`,
    );
  }
  return { ok: true, value: accepted };
}
