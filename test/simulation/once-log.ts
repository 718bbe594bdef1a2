/** What is to be taken once in a browser: how commands ended, of each person. */
import type { FakePage } from '../../testing/fakes/page.ts';

/** So long it takes to take one, at times. */
const WORK_MS = [0, 0, 0, 300, 3_000];

/** As far as this needs to know one. */
interface Tab {
  readonly number: number;
  readonly who: string;
  readonly page: FakePage;
}

type Settled = { readonly id: string; readonly at: number };

export class OnceLog {
  /** By what ended: the tabs that heard of it. */
  readonly #heard = new Map<string, Set<Tab>>();
  readonly #taken = new Set<string>();
  /** By what is being taken: by whom, and how often that one had stood still before. */
  readonly #at = new Map<string, { tab: Tab; freezes: number }>();
  readonly #problem: (text: string) => void;
  #count = 0;

  constructor(problem: (text: string) => void) {
    this.#problem = problem;
  }

  heard(tab: Tab, settled: Settled): void {
    const key = keyOf(tab, settled);
    const tabs = this.#heard.get(key) ?? new Set();
    this.#heard.set(key, tabs.add(tab));
  }

  /** One of the tabs takes it. One that stood still may have been taken for dead. */
  async take(tab: Tab, settled: Settled): Promise<void> {
    const key = keyOf(tab, settled);
    const other = this.#at.get(key);
    if (
      other &&
      other.tab !== tab &&
      !other.tab.page.life.isDead &&
      other.freezes === other.tab.page.life.freezes
    )
      this.#problem(`tabs ${other.tab.number} and ${tab.number} take at once how ${key} ended`);
    this.#at.set(key, { tab, freezes: tab.page.life.freezes });
    const ms = WORK_MS[this.#count++ % WORK_MS.length] ?? 0;
    if (ms > 0) await new Promise<void>((over) => tab.page.setTimer(ms, over));
    if (this.#at.get(key)?.tab === tab) this.#at.delete(key);
    this.#taken.add(key);
  }

  /** At rest: what a tab that is still there has heard of, some tab has taken. */
  judge(tabs: readonly Tab[]): void {
    for (const [key, heard] of this.#heard) {
      const there = tabs.find((tab) => heard.has(tab));
      if (there && !this.#taken.has(key))
        this.#problem(`tab ${there.number} heard how ${key} ended, and no tab has taken it`);
    }
  }
}

const keyOf = ({ who }: Tab, { id, at }: Settled) => `${who} ${id} ${at}`;
