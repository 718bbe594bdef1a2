import type { AnyContext, AnyHandler } from '../../../src/server/core/execute.ts';
import { Reject } from '../../../src/server/reject.ts';
import { chance } from '../random.ts';
import { FAULT } from './log.ts';

/** What is done to a command takes this long, so that a server can die on it. */
const WORK_MS = 20;
/** Some take so long that they have failed. */
const OVERRUN_MS = 3_000;
export const COMMAND_LIMIT_MS = 1_000;

/** What the application's handlers need of their server. */
export interface HandlerWorld {
  readonly refusesCommands: boolean;
  /** By n. */
  readonly attempts: Map<number, number>;
  readonly refused: Set<number>;
  wait(ms: number): Promise<void>;
}

/** One handler for all commands: what it does is in the command's name, and in its number. */
export function handler(world: HandlerWorld): AnyHandler {
  return async (command, context: AnyContext) => {
    const n = Number(command['n']);
    const attempt = (world.attempts.get(n) ?? 0) + 1;
    world.attempts.set(n, attempt);
    if (command.type === 'bad') {
      world.refused.add(n);
      throw new Reject('never', 'this is refused for good');
    }
    if (world.refusesCommands)
      throw new Reject('busy', 'come back later', { retry: true, retryAfterMs: 500 });
    if (command.type === 'later' && attempt <= 2)
      throw new Reject('not_yet', 'come back later', { retry: true });
    await world.wait(chance(n, attempt, 11) < 0.03 ? OVERRUN_MS : chance(n, attempt) * WORK_MS);
    if (chance(n, attempt, 7) < 0.1) throw new Error(`${FAULT}: an effect`);
    context.publish(context.topic ?? 'a', { type: 'ran', n });
    return { n };
  };
}
