/**
 * Plays seeds in a process of its own: numbers come in, one result for each goes out. `stopAtFailure` is for mutants,
 * of which one catch is enough.
 */
import { type ServedBy, servedBy } from './kinds.ts';
import { play, scheduleOf } from './run.ts';

export interface Order {
  readonly first: number;
  readonly step: number;
  readonly count: number;
  readonly stopAtFailure: boolean;
  /** What serves them all; `null`: what each seed says. */
  readonly by: ServedBy | null;
}
export interface Played {
  readonly seed: number;
  readonly problems: readonly string[];
}

process.once('message', async ({ first, step, count, stopAtFailure, by }: Order) => {
  for (let i = 0; i < count; i++) {
    const seed = first + i * step;
    const problems = await problemsOf(seed, by ?? servedBy(seed));
    process.send?.({ seed, problems } satisfies Played);
    if (stopAtFailure && problems.length > 0) break;
  }
  process.disconnect();
});

/** What is thrown is a problem like others. */
async function problemsOf(seed: number, by: ServedBy): Promise<readonly string[]> {
  const thrown: string[] = [];
  const note = (error: unknown) => {
    thrown.push(error instanceof Error ? (error.stack ?? error.message) : String(error));
  };
  process.on('unhandledRejection', note);
  try {
    const { problems } = await play(seed, scheduleOf(seed, by), by);
    return [...problems, ...thrown];
  } catch (error) {
    note(error);
    return thrown;
  } finally {
    process.off('unhandledRejection', note);
  }
}
