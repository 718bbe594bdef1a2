import type { ErrorCode, Reply } from '../../src/protocol/port.ts';

export type Answer<T> = (reply: Reply<T>) => void;

export function ok<T>(value: T): Reply<T> {
  return { ok: true, value };
}

export function refusal(code: ErrorCode, message: string): Reply<never> {
  return { ok: false, code, message };
}
