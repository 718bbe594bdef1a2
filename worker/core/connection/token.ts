import type { Context } from '../context.ts';
import type { TabId } from '../io.ts';

/** How long one tab may take to give a token. */
const TAB_TIMEOUT_MS = 5_000;

/** What asking for a token needs of the tabs. */
export interface TokenTabs {
  /** Those that can be asked, the likeliest to answer first. */
  tokenTabs(): readonly TabId[];
  askForToken(tab: TabId, request: number): void;
}

type Asking = { tab: TabId; request: number; asked: readonly TabId[]; problem: string };

/**
 * Gets a token for each connect from a live tab, one after the other; with no tab left, the last one in memory serves
 * once. It is kept nowhere else.
 */
export class TokenSource {
  readonly #context: Context;
  readonly #tabs: TokenTabs;
  readonly #got: (token: string | null) => void;
  readonly #failed: (message: string) => void;
  #asking: Asking | null = null;
  #requests = 0;
  /** The last one that a tab gave, until it was used without asking. */
  #remembered: string | null = null;
  /** Whether this application has tokens at all. */
  #hasTokens = false;

  constructor(
    context: Context,
    tabs: TokenTabs,
    on: { got: (token: string | null) => void; failed: (message: string) => void },
  ) {
    this.#context = context;
    this.#tabs = tabs;
    this.#got = on.got;
    this.#failed = on.failed;
  }

  /** A tab that can give tokens came. */
  noteTab(hasToken: boolean): void {
    if (hasToken) this.#hasTokens = true;
  }

  request(): void {
    this.#asking = null;
    this.#askNext([], 'no tab is open that could give a token');
  }

  answered(tab: TabId, request: number, answer: { token: string | null } | { failed: string }): void {
    if (this.#asking?.tab !== tab || this.#asking.request !== request) return;
    if ('failed' in answer)
      return this.#askNext(this.#asking.asked, `the page's token function failed: ${answer.failed}`);
    this.#stop();
    this.#remembered = answer.token;
    this.#got(answer.token);
  }

  tabGone(tab: TabId): void {
    if (this.#asking?.tab === tab) this.#askNext(this.#asking.asked, 'the tab closed before it gave a token');
  }

  #askNext(asked: readonly TabId[], problem: string): void {
    const tab = this.#tabs.tokenTabs().find((candidate) => !asked.includes(candidate));
    if (tab === undefined) return this.#giveUp(problem);
    const request = ++this.#requests;
    this.#asking = { tab, request, asked: [...asked, tab], problem };
    const late = `no tab gave a token within ${TAB_TIMEOUT_MS} ms`;
    this.#context.after('token', TAB_TIMEOUT_MS, () => this.#askNext(this.#asking?.asked ?? [], late));
    this.#tabs.askForToken(tab, request);
  }

  #giveUp(problem: string): void {
    this.#stop();
    // A tab that lives and gave none has its reasons; the memory is for when there is none.
    if (this.#tabs.tokenTabs().length > 0) return this.#failed(problem);
    const token = this.#remembered;
    this.#remembered = null;
    if (token !== null || !this.#hasTokens) return this.#got(token);
    this.#failed(problem);
  }

  #stop(): void {
    this.#asking = null;
    this.#context.deadlines.clear('token');
  }
}
