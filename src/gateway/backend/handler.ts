/** How a command of any type is run by a backend. */
import type { AnyHandler } from '../../server/core/application.ts';
import { Reject } from '../../server/reject.ts';
import type { BackendAnswer, CommandBackend } from './contract.ts';

/** After a fault in the gateway itself. */
const FAULT_RETRY_MS = 1_000;

/** @param ending aborted where the gateway goes down */
export function backendHandler(
  backend: CommandBackend,
  ending: AbortSignal,
  report: (error: unknown, about: string) => void,
): AnyHandler {
  return async ({ type, ...payload }, { id, topic, principal, attempt, createdAt, publish }) => {
    let answer: BackendAnswer;
    try {
      const command = { id, type, payload, topic, principal, attempt, createdAt };
      answer = await backend.run(command, ending);
      if (answer.status === 'accepted') {
        for (const { topic, event, ...traits } of answer.events) publish(topic, event, traits);
        return answer.result;
      }
    } catch (error) {
      // A handler that throws is tried a few times, and refused for good then: what a backend did is not so to be lost.
      report(error, `running command ${JSON.stringify(type)} (${id})`);
      const retryAfterMs = FAULT_RETRY_MS;
      throw new Reject('unavailable', 'the gateway failed to run it', { retry: true, retryAfterMs });
    }
    if (answer.status === 'refused') throw new Reject(answer.code, answer.message);
    throw new Reject('unavailable', answer.message, { retry: true, retryAfterMs: answer.retryAfterMs });
  };
}
