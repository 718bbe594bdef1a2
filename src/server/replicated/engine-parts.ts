/** What every engine on a database does alike. */
import { EngineError, type Following } from './engine.ts';

/** @throws EngineError for what is too large, of so many bytes. */
export function mustFit(bytes: number, maxBytes: number): void {
  if (bytes <= maxBytes) return;
  throw new EngineError('refused', `it has ${bytes} bytes: the limit is ${maxBytes}`);
}

/** A dump's parts, none of which is too large. */
export async function* fitting(parts: AsyncIterable<string>, maxBytes: number): AsyncGenerator<string> {
  for await (const part of parts) {
    mustFit(Buffer.byteLength(part), maxBytes);
    yield part;
  }
}

/** For one that is asked for, and was never kept, or is kept no more since newer ones are. */
export function noSuchDump(position: number): EngineError {
  return new EngineError('refused', `the dump of position ${position} is not there`);
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
