/** What can be wrong with an answer of a backend. None of it ends anything: what was asked is asked again. */

export interface Problem {
  readonly kind: ProblemKind;
  /** For the operator: what happened, and what to do. */
  readonly message: string;
  /** For how long the backend wants to be left alone with it, milliseconds; `null` where it does not say. */
  readonly retryAfterMs: number | null;
}
export interface Wrong {
  readonly ok: false;
  readonly problem: Problem;
}
export type Judged<T> = { readonly ok: true; readonly value: T } | Wrong;

interface Meaning {
  /** `silent`: it may be there, and be slow with this alone. */
  readonly backend: 'reached' | 'silent' | 'unreachable';
  /** Whatever is asked meets it. Else it may belong to one kind of question, while others are answered. */
  readonly isEverywhere: boolean;
  /** For the person whose command waits. */
  readonly told: string;
}

const MEANINGS = {
  unreachable: { backend: 'unreachable', isEverywhere: true, told: 'cannot be reached' },
  unavailable: { backend: 'unreachable', isEverywhere: true, told: 'is not available' },
  crowded: { backend: 'silent', isEverywhere: true, told: 'has too much to do' },
  redirected: { backend: 'reached', isEverywhere: true, told: 'is somewhere else' },
  unauthorized: { backend: 'reached', isEverywhere: true, told: 'does not trust this server' },
  busy: { backend: 'reached', isEverywhere: false, told: 'asks for patience' },
  timed_out: { backend: 'silent', isEverywhere: false, told: 'has not answered in time' },
  failed: { backend: 'reached', isEverywhere: false, told: 'has failed' },
  unclear: { backend: 'reached', isEverywhere: false, told: 'gave no clear answer' },
  too_large: { backend: 'reached', isEverywhere: false, told: 'gave too large an answer' },
  foreign: { backend: 'reached', isEverywhere: false, told: 'answered something else' },
} as const satisfies Record<string, Meaning>;
export type ProblemKind = keyof typeof MEANINGS;

export function meaningOf(kind: ProblemKind): Meaning {
  return MEANINGS[kind];
}

export function wrong(kind: ProblemKind, message: string, retryAfterMs: number | null = null): Wrong {
  return { ok: false, problem: { kind, message, retryAfterMs } };
}
