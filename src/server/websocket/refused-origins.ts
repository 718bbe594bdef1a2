/** Of each origin that is refused its person is told once: mostly it is an own page, at a port or name that was forgotten. */
import type { Report } from '../core/report.ts';

/** Anybody can name any origin. */
const MOST_TOLD = 20;

export function refusedOrigins(report: Report): (origin: string | undefined) => void {
  const told = new Set<string>();
  return (origin) => {
    if (origin === undefined || told.has(origin) || told.size === MOST_TOLD) return;
    told.add(origin);
    const sentence = `pages of ${origin} are refused; if they are yours, add it to \`allowedOrigins\``;
    report(new Error(sentence), 'a request of an origin that may not connect (told once)');
  };
}
