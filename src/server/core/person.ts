/** Whom `authenticate` has found: whatever a function without types answers, only a name is somebody. */
import type { Principal } from '../log/event-log.ts';
import type { Claims } from '../types.ts';

export interface Person {
  readonly principal: Principal;
  readonly claims: Claims;
  /** By the clock; `null`: never. */
  readonly expiresAt: number | null;
}

/**
 * `null`: nobody.
 * @throws TypeError where the answer names somebody, and is wrong about the rest: a connection without its end is none.
 */
export function personOf(answer: unknown): Person | null {
  if (typeof answer === 'string') return personOf({ principal: answer });
  if (typeof answer !== 'object' || answer === null || !('principal' in answer)) return null;
  const { principal, claims = {}, expiresAt = null } = answer as Record<string, unknown>;
  if (typeof principal !== 'string' || principal === '') return null;
  if (typeof claims !== 'object' || claims === null)
    throw new TypeError('authenticate: `claims` is no object');
  if (expiresAt !== null && (typeof expiresAt !== 'number' || Number.isNaN(expiresAt))) {
    throw new TypeError('authenticate: `expiresAt` is no time in milliseconds');
  }
  return { principal, claims: claims as Claims, expiresAt };
}
