/** What every engine on a database does alike. */
import { EngineError, type Following } from './engine.ts';

/** @throws EngineError for a record that is too large, of so many bytes. */
export function mustFit(bytes: number, maxBytes: number): void {
  if (bytes <= maxBytes) return;
  throw new EngineError('refused', `the record has ${bytes} bytes: the limit is ${maxBytes}`);
}

/** Runs until it is stopped, or the engine is closed: the signal is aborted then, and `run` comes to its end. */
export function startFollowing(closing: AbortSignal, run: (signal: AbortSignal) => Promise<void>): Following {
  const stopping = new AbortController();
  const running = run(AbortSignal.any([stopping.signal, closing]));
  return {
    stop: async () => {
      stopping.abort();
      await running;
    },
  };
}
