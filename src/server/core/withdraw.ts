/** Whether a command can still be taken back. */
import type { CommandKey, EventLog } from '../log/event-log.ts';
import { type Answer, asItEnded, unavailable } from './command-answer.ts';
import type { Requester } from './command-lanes.ts';
import { hasForgotten } from './forgotten-ids.ts';
import type { ServerTime } from './server-time.ts';
import type { ServerStats } from './stats.ts';

export interface WithdrawServices {
  readonly log: EventLog;
  readonly time: ServerTime;
  readonly stats: ServerStats;
  report(error: unknown, about: string): void;
}

/** Cancels a command that has not ended; never rejects. Nothing of its id may be running. */
export async function withdraw(
  { log, time, stats, report }: WithdrawServices,
  command: CommandKey,
  requester: Requester,
): Promise<Answer> {
  try {
    if ((await log.recall(command)) === null && (await hasForgotten(log, requester))) {
      return { status: 'abandoned' };
    }
    const end = await log.cancel(command, time.now());
    if (end.status === 'cancelled') stats.commands.withdrawn += 1;
    return asItEnded(end);
  } catch (error) {
    report(error, `withdrawing command ${command.id}`);
    return unavailable('the server could not look into its log; ask again');
  }
}
