type Verdict = 'approve' | 'reject';

const SECOND_MS = 1_000;
const MINUTE_SECONDS = 60;
const HOUR_SECONDS = 3_600;

/**
 * What becomes of a decision that arrives after its gate's end, for the person who made it.
 *
 * @param lateMs how long after the end it came to the server
 * @param became what the gate's end made of it
 */
export function sayTooLate(verdict: Verdict, lateMs: number, became: Verdict): string {
  const [noun, verb] = [
    verdict === 'approve' ? 'approval' : 'rejection',
    became === 'approve' ? 'approved' : 'rejected',
  ];
  return `Your ${noun} arrived ${saySpan(lateMs)} after the deadline; the gate was ${verb} then.`;
}

/** `1 s`, `4 min`, `2 h`: as exactly as it matters to somebody who was too late. */
export function saySpan(ms: number): string {
  const seconds = Math.max(1, Math.round(ms / SECOND_MS));
  if (seconds < 2 * MINUTE_SECONDS) return `${seconds} s`;
  if (seconds < 2 * HOUR_SECONDS) return `${Math.round(seconds / MINUTE_SECONDS)} min`;
  return `${Math.round(seconds / HOUR_SECONDS)} h`;
}
