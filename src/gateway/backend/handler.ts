/** How a command of any type is run by a backend. */
import type { AnyHandler } from '../../server/core/application.ts';
import { Reject } from '../../server/reject.ts';
import type { Accepted, BackendAnswer, CommandBackend } from './contract.ts';

/** After a fault in the gateway itself. */
const FAULT_RETRY_MS = 1_000;

/** @param ending aborted where the gateway goes down */
export function backendHandler(
  backend: CommandBackend,
  ending: AbortSignal,
  report: (error: unknown, about: string) => void,
): AnyHandler {
  return async ({ type, ...payload }, context) => {
    const { id, topic, principal, clientId: client, attempt, createdAt, traceparent } = context;
    const take = ({ events, result }: Accepted) => {
      for (const { topic, event, ...traits } of events) context.publish(topic, event, traits);
      context.judgeResult(result);
    };
    let answer: BackendAnswer;
    try {
      const command = { id, type, payload, topic, principal, client, attempt, createdAt, traceparent };
      answer = await backend.run(command, take, ending);
    } catch (error) {
      // A handler that throws is tried a few times, and refused for good then: what a backend did is not so to be lost.
      report(error, `running command ${JSON.stringify(type)} (${id})`);
      const retryAfterMs = FAULT_RETRY_MS;
      throw new Reject('unavailable', 'the gateway failed to run it', { retry: true, retryAfterMs });
    }
    switch (answer.status) {
      case 'accepted':
        return answer.result;
      case 'refused':
        throw new Reject(answer.code, answer.message);
      case 'later': {
        const { message, retryAfterMs } = answer;
        const wait = retryAfterMs === null ? {} : { retryAfterMs };
        throw new Reject('unavailable', message, { retry: true, ...wait });
      }
    }
  };
}
