/** Where log lines go, and the errors that no promise can carry. */
import type { Report, TrunklineError } from './errors.ts';
import type { Logger } from './types.ts';

export const createLogger = (log: 'silent' | 'warn' | 'debug' | Logger = 'warn'): Logger =>
  typeof log === 'object'
    ? log
    : {
        debug: (line) => log === 'debug' && console.debug(line),
        warn: (...line) => log !== 'silent' && console.warn(...line),
      };

/** Where errors go that no promise can carry: to the application, else to the log. */
export function createReport(logger: Logger, onError?: (error: TrunklineError) => void): Report {
  const warn = (error: unknown) => logger.warn('[trunkline]', error);
  return (error) => {
    try {
      (onError ?? warn)(error);
    } catch (thrown) {
      warn(thrown);
    }
  };
}
