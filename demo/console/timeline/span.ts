/** The time that a timeline shows, by the server's clock: all of the run. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

/** Right of the moment that it is now in a run that goes on: a share of what has passed. */
const AHEAD = 0.04;
const LEAST_MS = 1_000;

export function spanOf(
  { startedAt, finishedAt }: { startedAt: number; finishedAt: number | null },
  now: number,
): Span {
  const passed = now - startedAt;
  return {
    from: startedAt,
    to: startedAt + (finishedAt === null ? Math.max(LEAST_MS, passed * (1 + AHEAD)) : Math.max(1, passed)),
  };
}

/** Where a moment is in it, from 0 to 1; none is out of it. */
export function shareOf({ from, to }: Span, at: number): number {
  return Math.min(1, Math.max(0, (at - from) / (to - from)));
}

/** Where something is in it that lasts. */
export function placeIn(span: Span, start: number, end: number): { left: string; width: string } {
  const left = shareOf(span, start);
  return { left: `${left * 100}%`, width: `${(shareOf(span, end) - left) * 100}%` };
}

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
/** What people count time by. */
const STEPS_MS = [
  ...[1, 2, 5, 10, 20, 50, 100, 200, 500],
  ...[1, 2, 5, 10, 15, 30].map((seconds) => seconds * SECOND_MS),
  ...[1, 2, 5, 10, 15, 30].map((minutes) => minutes * MINUTE_MS),
  ...[1, 2, 3, 6, 12, 24].map((hours) => hours * HOUR_MS),
];

/** The shortest step of which not more than `most` go into that time. */
export function tickStep(ms: number, most: number): number {
  const step = STEPS_MS.find((candidate) => ms / candidate <= most);
  const longest = 24 * HOUR_MS;
  return step ?? Math.ceil(ms / most / longest) * longest;
}

/** `0`, `500 ms`, `5 s`, `1:30`, `2:00:00`: since the run's begin. */
export function formatTick(ms: number, stepMs: number): string {
  if (ms === 0) return '0';
  if (stepMs < SECOND_MS)
    return ms < SECOND_MS
      ? `${ms} ms`
      : `${(ms / SECOND_MS).toFixed(stepMs < 10 ? 3 : stepMs < 100 ? 2 : 1)} s`;
  if (ms < MINUTE_MS) return `${ms / SECOND_MS} s`;
  const seconds = Math.floor(ms / SECOND_MS) % 60;
  const minutes = Math.floor(ms / MINUTE_MS) % 60;
  const hours = Math.floor(ms / HOUR_MS);
  const two = (count: number) => String(count).padStart(2, '0');
  return hours > 0 ? `${hours}:${two(minutes)}:${two(seconds)}` : `${minutes}:${two(seconds)}`;
}
