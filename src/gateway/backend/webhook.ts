/** Runs commands by one POST each to a backend. It tries each of them once: the client comes again with what is put off. */
import { createHash } from 'node:crypto';
import { judgeAnswer } from './answer.ts';
import type { Backend } from './backend.ts';
import type { BackendAnswer, BackendCommand, CommandBackend } from './contract.ts';
import { meaningOf } from './problem.ts';

export function webhookBackend(backend: Backend): CommandBackend {
  return {
    async run(command, take, signal): Promise<BackendAnswer> {
      const { id, type, payload, topic, principal, client, attempt, createdAt, traceparent } = command;
      const key = idempotencyKey(command);
      const body = JSON.stringify({
        kind: 'command',
        idempotency_key: key,
        attempt,
        principal,
        client,
        topic,
        id,
        created_at: createdAt,
        command: { type, ...payload },
      });
      const headers = { 'idempotency-key': key, ...(traceparent !== null && { traceparent }) };
      const question = { id: key, body, headers, signal };
      const judged = await backend.ask(`command ${JSON.stringify(type)}`, question, (answer) =>
        judgeAnswer(key, answer, take),
      );
      if (judged.ok) return judged.value;
      const { kind, retryAfterMs } = judged.problem;
      const message = `the application's own server ${meaningOf(kind).told}; this is sent again`;
      return { status: 'later', message, retryAfterMs };
    },
  };
}

/** Ids are a person's own: another person who sends the same id must not be given the first one's result. */
function idempotencyKey({ principal, id }: Pick<BackendCommand, 'principal' | 'id'>): string {
  return createHash('sha256')
    .update(JSON.stringify([principal, id]))
    .digest('base64url');
}
