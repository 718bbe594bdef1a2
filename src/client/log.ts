import type { Report, TrunklineError } from './errors.ts';
import type { Logger } from './types.ts';

const ignore = () => {};

export function createLogger(log: 'silent' | 'warn' | 'debug' | Logger = 'warn'): Logger {
  if (typeof log === 'object') return log;
  return {
    debug: log === 'debug' ? (message) => console.debug(message) : ignore,
    warn: log === 'silent' ? ignore : (message, error) => console.warn(message, ...(error ? [error] : [])),
  };
}

/** Where errors go that no promise can carry: to the application, else to the log. */
export function createReport(logger: Logger, onError?: (error: TrunklineError) => void): Report {
  const warn = (error: unknown) => logger.warn(`[trunkline] ${String(error)}`, error);
  return (error) => {
    try {
      (onError ?? warn)(error);
    } catch (thrown) {
      warn(thrown);
    }
  };
}
