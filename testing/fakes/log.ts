import type { EventLog, OpenOptions } from '../../src/server/log/event-log.ts';
import type { Lifetime } from './lifetime.ts';

type Commit = EventLog['commit'];
type Hear = NonNullable<OpenOptions['hear']>;

/**
 * The log as one run of the server has it: with its death, its calls end unanswered. What is in the log stays, also where
 * that run closes it.
 *
 * @param committed called with each commit, and with what the log makes of it, whether or not the server hears it.
 */
export function logUntilDeath(
  log: EventLog,
  life: Lifetime,
  committed: (transactions: Parameters<Commit>[0], answer: ReturnType<Commit>) => void = () => {},
): EventLog {
  // Where it is opened again it hears as before: not twice.
  const hearers = new Map<Hear, Hear>();
  return new Proxy(log, {
    get:
      (target, method: keyof EventLog) =>
      (...parameters: never[]) =>
        new Promise((resolve, reject) => {
          if (life.isDead) return;
          if (method === 'close') return resolve(undefined);
          const answer: Promise<unknown> = Reflect.apply(
            target[method],
            target,
            method === 'open' ? [hearingUntilDeath(parameters[0] as never, life, hearers)] : parameters,
          );
          if (method === 'commit') committed(parameters[0] as never, answer as never);
          answer.then(
            (value) => life.run(() => resolve(value)),
            (error) => life.run(() => reject(error)),
          );
        }),
  });
}

function hearingUntilDeath(options: OpenOptions, life: Lifetime, hearers: Map<Hear, Hear>): OpenOptions {
  const { hear } = options;
  if (!hear) return options;
  const heard = hearers.get(hear) ?? ((happenings) => life.run(() => hear(happenings)));
  hearers.set(hear, heard);
  return { ...options, hear: heard };
}
