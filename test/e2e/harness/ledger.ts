import type { BrowserContext, Page } from '@playwright/test';
import type { Effect } from './lab-process.ts';

/** What a page heard of its `send`. */
type Answer =
  | { readonly gateId: string; readonly id: string; readonly durable: boolean }
  | { readonly gateId: string; readonly code: string };

declare global {
  interface Window {
    answers?: Answer[];
    report(answer: Answer): void;
  }
}

interface Gate {
  readonly gateId: string;
  readonly topic: string;
}

interface Decision extends Gate {
  /** The life of the page that it was made in. */
  readonly life: string;
  /** Not later than `send` was called, in the order of all that happened. */
  readonly called: number;
  /** `null`: the page died before anybody heard of it, or is still waiting. */
  answer: Answer | null;
  /** Not earlier than `send` was answered. */
  answered: number;
}

/** What was decided in the pages of a context, as the pages heard of it, to be held against the log of the server. */
export class Ledger {
  readonly #decisions = new Map<string, Decision>();
  /** By id: the state that an entry was in as a sign-out threw it away. */
  readonly #thrownAway = new Map<string, string>();
  #clock = 0;
  #heard = Promise.withResolvers<void>();

  /** Before any page of the context is opened. */
  async follow(context: BrowserContext): Promise<void> {
    await context.exposeBinding('report', (_, answer: Answer) => this.#take(answer));
  }

  /** Takes what a page that lives has heard and could not report: its reports are lost while it comes out of a cache. */
  async collect(page: Page): Promise<void> {
    const answers = await page.evaluate(() => window.answers ?? []);
    for (const answer of answers) this.#take(answer);
  }

  /** Resolves the moment that a page is next heard of. */
  nextAnswer(): Promise<void> {
    return this.#heard.promise;
  }

  /** Decides on so many gates in one turn of the page; does not wait for what becomes of it. */
  async decide(page: Page, life: string, topics: readonly string[], count: number): Promise<void> {
    await page.evaluate(decideAll, { gates: this.#open(life, topics, count), signOut: null });
  }

  /** Decides on so many gates and signs out, in one turn of the page. */
  async signOut(
    page: Page,
    life: string,
    topics: readonly string[],
    count: number,
    discard: boolean,
  ): Promise<void> {
    const gates = this.#open(life, topics, count);
    const entries = await page.evaluate(decideAll, { gates, signOut: { discard } });
    if (!discard) return;
    for (const { id, state } of entries) this.#thrownAway.set(id, state);
  }

  #open(life: string, topics: readonly string[], count: number): Gate[] {
    const gates = Array.from({ length: count }, (_, i) => ({
      gateId: `gate ${this.#decisions.size + i}`,
      topic: topics[i % topics.length] ?? 'run',
    }));
    const called = ++this.#clock;
    for (const gate of gates)
      this.#decisions.set(gate.gateId, { ...gate, life, called, answer: null, answered: Infinity });
    return gates;
  }

  /** How many have been answered so, of all or of one life of a page. */
  count(state: 'durable' | 'refused' | 'open', life?: string): number {
    return [...this.#decisions.values()].filter(
      (decision) => stateOf(decision) === state && (life === undefined || decision.life === life),
    ).length;
  }

  get size(): number {
    return this.#decisions.size;
  }

  #take(answer: Answer): void {
    const decision = this.#decisions.get(answer.gateId);
    if (!decision) throw new Error(`an answer about ${answer.gateId}, which nobody decided on`);
    if (decision.answer) return;
    decision.answer = answer;
    decision.answered = ++this.#clock;
    this.#heard.resolve();
    this.#heard = Promise.withResolvers();
  }

  /** What contradicts the promise. */
  problems(log: { readonly effects: readonly Effect[]; readonly accepted: readonly string[] }): string[] {
    const problems: string[] = [];
    const byGate = Map.groupBy(log.effects, ({ gateId }) => gateId);
    const accepted = new Set(log.accepted);
    for (const decision of this.#decisions.values()) {
      const { gateId, answer } = decision;
      const effects = byGate.get(gateId) ?? [];
      byGate.delete(gateId);
      if (effects.length > 1) problems.push(`${gateId} took effect ${effects.length} times`);
      if (answer === null) continue;
      if ('code' in answer) {
        if (effects.length > 0 && NEVER_STORED.has(answer.code))
          problems.push(`${gateId} was refused with ${answer.code}, and took effect`);
        continue;
      }
      if (!answer.durable) problems.push(`${gateId} was not stored`);
      const thrownAway = this.#thrownAway.get(answer.id);
      if (thrownAway === 'queued' && effects.length > 0)
        problems.push(`${gateId} was thrown away unsent, and took effect`);
      if (effects.length === 0 && !thrownAway) problems.push(`${gateId} was stored, and is lost`);
      if (effects.some(({ by }) => by !== answer.id))
        problems.push(`${gateId} is the effect of another command`);
    }
    for (const gateId of byGate.keys()) problems.push(`${gateId} was never decided`);
    for (const { gateId, by } of log.effects)
      if (!accepted.has(by)) problems.push(`${gateId} took effect, and its command was not accepted`);
    if (accepted.size !== log.effects.length)
      problems.push(`${accepted.size} commands were accepted, with ${log.effects.length} effects`);
    for (const effects of Map.groupBy(log.effects, ({ topic }) => topic).values())
      problems.push(...this.#disorder(effects));
    return problems;
  }

  /** In one topic: what was answered before another was called for comes first, and so does what a page said first. */
  #disorder(effects: readonly Effect[]): string[] {
    const problems: string[] = [];
    const newest = new Map<string, number>();
    const places = new Map([...this.#decisions.keys()].map((gateId, place) => [gateId, place]));
    let latest: Decision | null = null;
    for (const { gateId } of effects) {
      const decision = this.#decisions.get(gateId);
      const place = places.get(gateId);
      if (!decision || place === undefined) continue;
      const { life, called, answered } = decision;
      if (latest && answered < latest.called)
        problems.push(`${gateId} was stored before ${latest.gateId}, and came later`);
      if (place < (newest.get(life) ?? -1)) problems.push(`${gateId} came later than the next of its page`);
      newest.set(life, place);
      if (!latest || called > latest.called) latest = decision;
    }
    return problems;
  }
}

/** The other codes leave it open what became of the command. */
const NEVER_STORED = new Set([
  'outbox_full',
  'duplicate_command',
  'storage_unavailable',
  'invalid_command',
  'closed',
]);

function stateOf({ answer }: Decision): 'durable' | 'refused' | 'open' {
  if (answer === null) return 'open';
  return 'code' in answer ? 'refused' : 'durable';
}

/** Runs in the page. Returns what a sign-out found in the outbox. */
async function decideAll({
  gates,
  signOut,
}: {
  gates: readonly Gate[];
  signOut: { discard: boolean } | null;
}): Promise<{ id: string; state: string }[]> {
  window.answers ??= [];
  const { answers } = window;
  const hear = (answer: Answer) => {
    answers.push(answer);
    window.report(answer);
  };
  for (const { gateId, topic } of gates) {
    window.lab.client.send('decide', { gateId, verdict: 'approved' }, { topic }).then(
      ({ id, durable }) => hear({ gateId, id, durable }),
      ({ code }) => hear({ gateId, code }),
    );
  }
  if (!signOut) return [];
  const entries = await window.lab.client.signOut(signOut);
  return entries.map(({ id, state }) => ({ id, state }));
}
