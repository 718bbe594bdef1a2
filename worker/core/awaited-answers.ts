/** By id: who waits to hear what became of a row. None of them waits for ever, whatever the store does. */
import type { Reply } from '../../src/protocol/port.ts';
import type { Context } from './context.ts';
import type { AwaitedAnswer, DeadlineName } from './deadlines.ts';
import { ANSWER_WITHIN_MS, type Respond } from './reply.ts';

export class AwaitedAnswers<T> {
  readonly #context: Context;
  readonly #what: AwaitedAnswer;
  readonly #byId = new Map<string, { answer: Respond<T>; late: Reply<T> }[]>();

  /** @param what names their deadlines. */
  constructor(context: Context, what: AwaitedAnswer) {
    this.#context = context;
    this.#what = what;
  }

  get isEmpty(): boolean {
    return this.#byId.size === 0;
  }

  has(id: string): boolean {
    return this.#byId.has(id);
  }

  /** @param late what is told when it has taken too long since the first of them asked. */
  add(id: string, answer: Respond<T>, late: Reply<T>): void {
    const waiting = this.#byId.get(id);
    if (waiting) return void waiting.push({ answer, late });
    this.#byId.set(id, [{ answer, late }]);
    this.#context.afterAwake(this.#deadlineOf(id), ANSWER_WITHIN_MS, () => {
      for (const each of this.#take(id)) each.answer(each.late);
    });
  }

  tell(id: string, reply: Reply<T>): void {
    this.#context.deadlines.clear(this.#deadlineOf(id));
    for (const { answer } of this.#take(id)) answer(reply);
  }

  #take(id: string) {
    const waiting = this.#byId.get(id) ?? [];
    this.#byId.delete(id);
    return waiting;
  }

  #deadlineOf(id: string): DeadlineName {
    return `${this.#what}:${id}`;
  }
}
