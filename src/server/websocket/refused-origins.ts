/** Of each origin that is refused its person is told once: mostly it is an own page, at a port or name that was forgotten. */
import { onceEach, type Report } from '../core/report.ts';

/** Anybody can name any origin. */
const MOST_TOLD = 20;

export function refusedOrigins(report: Report): (origin: string | undefined) => void {
  const tell = onceEach(report, MOST_TOLD);
  return (origin) => {
    if (origin === undefined) return;
    tell(
      `pages of ${origin} are refused; if they are yours, add it to \`allowedOrigins\``,
      'a request of an origin that may not connect',
    );
  };
}
