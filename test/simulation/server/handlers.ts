import type { Typed } from '../../../src/protocol/interpret.ts';
import type { AnyContext, AnyHandler } from '../../../src/server/core/application.ts';
import { Reject } from '../../../src/server/reject.ts';
import { TALLY } from '../protocol.ts';
import { chance } from '../random.ts';
import { FAULT } from './log.ts';

/** What is done to a command takes this long, so that a server can die on it. */
const WORK_MS = 20;
/** Some take longer, so that a client is back before they have ended. */
const LONG_WORK_MS = 400;
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
  /** Since when each command is being done, by principal and id. */
  readonly running: Map<string, number>;
  begins(n: number): void;
  elapsed(): number;
  problem(text: string): void;
}

/** One handler for all commands: what it does is in the command's name, and in its number. */
export function handler(world: HandlerWorld): AnyHandler {
  return async (command, context: AnyContext) => {
    const n = Number(command['n']);
    const attempt = (world.attempts.get(n) ?? 0) + 1;
    world.attempts.set(n, attempt);
    world.begins(n);
    const name = `${context.principal} ${context.id}`;
    const startedAt = world.elapsed();
    const other = world.running.get(name);
    // One that takes too long has failed, and nobody waits for it: where it counts, and others were first, there is less time left.
    if (other !== undefined && startedAt < other + COMMAND_LIMIT_MS && command.type !== 'count')
      world.problem(`command ${n} was begun again while it was being done`);
    world.running.set(name, startedAt);
    try {
      return await work(world, n, attempt, command, context);
    } finally {
      if (world.running.get(name) === startedAt) world.running.delete(name);
    }
  };
}

async function work(
  world: HandlerWorld,
  n: number,
  attempt: number,
  command: Typed,
  context: AnyContext,
): Promise<{ n: number }> {
  if (command.type === 'bad') {
    world.refused.add(n);
    throw new Reject('never', 'this is refused for good');
  }
  if (world.refusesCommands) throw new Reject('busy', 'come back later', { retry: true, retryAfterMs: 500 });
  if (command.type === 'later' && attempt <= 2)
    throw new Reject('not_yet', 'come back later', { retry: true });
  const topic = context.topic ?? 'a';
  const counted = command.type === 'count' ? await context.latest(topic, TALLY) : null;
  await world.wait(workMs(n, attempt));
  if (chance(n, attempt, 7) < 0.1) throw new Error(`${FAULT}: an effect`);
  if (command.type === 'count') {
    context.expect(topic, TALLY, counted?.offset ?? 0);
    context.publish(topic, { type: 'tally', total: Number(counted?.event['total'] ?? 0) + 1, n });
  }
  context.publish(topic, { type: 'ran', n });
  return { n };
}

function workMs(n: number, attempt: number): number {
  const kind = chance(n, attempt, 11);
  if (kind < 0.03) return OVERRUN_MS;
  return chance(n, attempt) * (kind < 0.25 ? LONG_WORK_MS : WORK_MS);
}
