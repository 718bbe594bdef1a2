/** How often a clock is read for what is rendered. */
import { createLogger, createReport } from '../client/log.ts';
import { cell } from '../client/readable.ts';
import type { Client, Readable } from '../index.ts';

/** `client.now()`, read again each period while somebody listens. */
export function ticking({ now }: Pick<Client<never>, 'now'>, periodMs = 1_000): Readable<number> {
  let timer: ReturnType<typeof setInterval> | undefined;
  const read = () => time.set(now());
  const time = cell(now(), createReport(createLogger()), (isUsed) => {
    clearInterval(timer);
    if (!isUsed) return;
    read();
    timer = setInterval(read, periodMs);
  });
  return time;
}
