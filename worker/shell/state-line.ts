/** How what is asked of a store of the last known state becomes its calls, and their ends become its answers. */
import type { StateAnswer, StateAsk, StateLine, StateStore } from '../core/state-store.ts';
import { failureOf } from './failure-of.ts';

export class StoreLine implements StateLine {
  readonly #store: StateStore;
  readonly #answered: (answer: StateAnswer) => void;
  /** Counts the store's openings, so that a late answer is known. */
  #openings = 0;

  constructor(store: StateStore, answered: (answer: StateAnswer) => void) {
    this.#store = store;
    this.#answered = answered;
  }

  ask(ask: StateAsk): void {
    if (ask.ask === 'open') this.#openings++;
    const opening = this.#openings;
    const tell = (answer: StateAnswer) => {
      if (opening === this.#openings) this.#answered(answer);
    };
    const write = ask.ask === 'commit' ? { write: ask.write } : {};
    this.#answer(ask).then(tell, (error: unknown) =>
      tell({ answer: 'failed', ...write, ...failureOf(error) }),
    );
  }

  async #answer(ask: StateAsk): Promise<StateAnswer> {
    switch (ask.ask) {
      case 'open':
        return { answer: 'opened', saved: await this.#store.open(ask.owner) };
      case 'load':
        return { answer: 'loaded', topic: ask.topic, saved: await this.#store.load(ask.topic) };
      case 'commit':
        await this.#store.commit(ask.op);
        return { answer: 'committed', write: ask.write };
    }
  }

  close(): void {
    this.#store.close();
  }
}
