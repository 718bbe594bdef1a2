/** What tabs are answered, and those among them that wait to hear that their command was taken. */
import type { Reply } from '../../../src/protocol/port.ts';
import { type Answer, refusal } from '../reply.ts';
import type { Box, SendAnswer } from './box.ts';

export function awaitSend({ sendAnswers }: Box, id: string, answer: SendAnswer): void {
  sendAnswers.set(id, [...(sendAnswers.get(id) ?? []), answer]);
}

export function answerSend({ sendAnswers }: Box, id: string, reply: Reply<{ durable: boolean }>): void {
  const waiting = sendAnswers.get(id) ?? [];
  sendAnswers.delete(id);
  for (const answer of waiting) answer(reply);
}

export function awaitCancel({ cancelAnswers }: Box, id: string, answer: Answer<boolean>): void {
  cancelAnswers.set(id, [...(cancelAnswers.get(id) ?? []), answer]);
}

export function answerCancel({ cancelAnswers }: Box, id: string, reply: Reply<boolean>): void {
  const waiting = cancelAnswers.get(id) ?? [];
  cancelAnswers.delete(id);
  for (const answer of waiting) answer(reply);
}

export function storageUnavailable(type: string): Reply<never> {
  return refusal(
    'storage_unavailable',
    `the browser's storage fails, and ${type} cannot be changed safely without it; try again`,
  );
}
