/**
 * Plays seeds in a process of its own: numbers come in, one result for each goes out. `stopAtFailure` is for mutants,
 * of which one catch is enough.
 */
import { play, scheduleOf } from './run.ts';

export interface Order {
  readonly first: number;
  readonly step: number;
  readonly count: number;
  readonly stopAtFailure: boolean;
}
export interface Played {
  readonly seed: number;
  readonly problems: readonly string[];
}

process.once('message', async ({ first, step, count, stopAtFailure }: Order) => {
  for (let i = 0; i < count; i++) {
    const seed = first + i * step;
    const problems = await problemsOf(seed);
    process.send?.({ seed, problems } satisfies Played);
    if (stopAtFailure && problems.length > 0) break;
  }
  process.disconnect();
});

/** What is thrown is a problem like others. */
async function problemsOf(seed: number): Promise<readonly string[]> {
  const thrown: string[] = [];
  const note = (error: unknown) => {
    thrown.push(error instanceof Error ? (error.stack ?? error.message) : String(error));
  };
  process.on('unhandledRejection', note);
  try {
    const { problems } = await play(seed, scheduleOf(seed));
    return [...problems, ...thrown];
  } catch (error) {
    note(error);
    return thrown;
  } finally {
    process.off('unhandledRejection', note);
  }
}
