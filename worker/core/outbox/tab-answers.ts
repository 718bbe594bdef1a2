/** What tabs are answered, and those among them that wait to hear that their command was taken. */
import type { Reply } from '../../../src/protocol/port.ts';
import { ok, type Respond, refusal, UNCONFIRMED } from '../reply.ts';
import type { OutboxState, RespondToSend } from './outbox-state.ts';

/** @param requireDurable that the hub has it in memory is no answer then. */
export function awaitSend(
  box: OutboxState,
  id: string,
  requireDurable: boolean,
  answer: RespondToSend,
): void {
  box.sendAnswers.add(id, answer, requireDurable ? UNCONFIRMED : ok({ durable: false }));
}

export function answerSend(box: OutboxState, id: string, reply: Reply<{ durable: boolean }>): void {
  box.sendAnswers.tell(id, reply);
}

export function awaitCancel(box: OutboxState, id: string, answer: Respond<boolean>): void {
  box.cancelAnswers.add(id, answer, UNCONFIRMED);
}

export function answerCancel(box: OutboxState, id: string, reply: Reply<boolean>): void {
  box.cancelAnswers.tell(id, reply);
}

export function storageUnavailable(type: string): Reply<never> {
  return refusal('storage_unavailable', `the browser's storage fails: ${type} cannot be changed; try again`);
}
