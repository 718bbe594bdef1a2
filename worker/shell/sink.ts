/** How a batch reaches a tab that may be dead, frozen, or unable to take it. */
import type { Batch, TabItem, TabSink } from '../../src/protocol/port.ts';
import type { Platform } from './platform.ts';

/** How long a tab has to hear the last words: it may be dead, or frozen. */
const LAST_WORDS_MS = 5_000;

/** One tab's ear. */
export class Sink {
  readonly #platform: Pick<Platform, 'endSink' | 'setTimer'>;
  readonly #deliver: TabSink['deliver'];
  /** What was posted still arrives; nothing is posted from here on. */
  readonly close: () => void;

  constructor(platform: Pick<Platform, 'endSink' | 'setTimer'>, sink: TabSink) {
    this.#platform = platform;
    this.close = () => platform.endSink(sink);
    // Taken once: each look at a Comlink proxy's property makes another proxy.
    this.#deliver = sink.deliver;
  }

  /**
   * Resolves with the tab's reply, which may never come. A batch that the tab cannot take is replaced by one that says
   * so, lest the tab wait for it for ever.
   */
  async deliver(batch: Batch): Promise<void> {
    try {
      await this.#deliver(batch);
    } catch (error) {
      const { code, rest } = isCloneError(error)
        ? { code: 'invalid_event' as const, rest: withoutUncloneable(batch) }
        : { code: 'listener' as const, rest: { hub: batch.hub } };
      const message = `a batch cannot be delivered: ${String(error)}`;
      await this.#deliver({ ...rest, reports: [...(rest.reports ?? []), { kind: 'error', code, message }] });
    }
  }

  /** The last batch, whether or not an earlier one was taken. Resolves when it was, or nobody waits any more. */
  last(batch: Batch): Promise<void> {
    return this.closeAfter(this.deliver(batch));
  }

  /** Closes when the tab has taken this, or too long a time has passed. */
  async closeAfter(delivered: Promise<unknown>): Promise<void> {
    const late = new Promise<void>((resolve) => this.#platform.setTimer(LAST_WORDS_MS, resolve));
    await Promise.race([delivered.catch(() => {}), late]);
    this.close();
  }
}

function isCloneError(error: unknown): boolean {
  return error instanceof DOMException && error.name === 'DataCloneError';
}

/** A schema's output may hold what cannot be posted, such as a function: those events are left out. */
function withoutUncloneable(batch: Batch): Batch {
  return {
    ...batch,
    topics: (batch.topics ?? []).map((update) => {
      if (update.kind === 'status') return update;
      if (update.kind === 'events') return { ...update, items: update.items.filter(isCloneable) };
      if (update.kind === 'saved') return { ...update, events: update.events.filter(isCloneable) };
      const { events, missed } = update;
      return { ...update, events: events.filter(isCloneable), missed: missed.filter(isCloneable) };
    }),
  };
}

function isCloneable(item: TabItem): boolean {
  try {
    structuredClone(item);
    return true;
  } catch {
    return false;
  }
}
