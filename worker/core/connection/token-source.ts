/**
 * Gets a token for each connect from a live tab, one after the other, and the URL as well where that is a function. With no
 * tab left, the last token in memory serves once. It is kept nowhere else, and a URL not even there.
 */
import type { AddressAnswer } from '../../../src/protocol/port.ts';
import type { Context } from '../context.ts';
import type { TabId } from '../io.ts';

/** How long one tab may take to answer. */
const TAB_TIMEOUT_MS = 5_000;

/** What asking for a token needs of the tabs. */
export interface TokenTabs {
  /** Those that can be asked, the likeliest to answer first. `forUrl`: those with a function for the URL. */
  tokenTabs(forUrl: boolean): readonly TabId[];
  askForToken(tab: TabId, request: number): void;
}

/** What a connection begins with. */
export interface Credentials {
  readonly token: string | null;
  /** Where it was asked for; else the connection goes where its tab's wish says. */
  readonly url: string | null;
}

type Asking = { tab: TabId; request: number; asked: readonly TabId[]; forUrl: boolean };

export class TokenSource {
  readonly #context: Context;
  readonly #tabs: TokenTabs;
  readonly #got: (credentials: Credentials) => void;
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
    on: { got: (credentials: Credentials) => void; failed: (message: string) => void },
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

  request(forUrl: boolean): void {
    this.#asking = null;
    this.#askNext([], forUrl, `no tab is open that could give a ${forUrl ? 'URL' : 'token'}`);
  }

  answered(tab: TabId, request: number, answer: AddressAnswer): void {
    if (this.#asking?.tab !== tab || this.#asking.request !== request) return;
    const { asked, forUrl } = this.#asking;
    if ('failed' in answer) {
      const what = forUrl ? 'function for the URL, or for the token,' : 'token function';
      return this.#askNext(asked, forUrl, this.#veiled(`the page's ${what} failed: ${answer.failed}`));
    }
    const { token, url = null } = answer;
    if (forUrl && url === null) return this.#askNext(asked, forUrl, "the page's function gave no URL");
    this.#stop();
    this.#remembered = token;
    this.#got({ token, url: forUrl ? url : null });
  }

  /** Nobody waits for it any more. */
  forget(): void {
    this.#stop();
  }

  tabGone(tab: TabId): void {
    if (this.#asking?.tab !== tab) return;
    this.#askNext(this.#asking.asked, this.#asking.forUrl, 'the tab closed before it gave a token');
  }

  #askNext(asked: readonly TabId[], forUrl: boolean, problem: string): void {
    const tab = this.#tabs.tokenTabs(forUrl).find((candidate) => !asked.includes(candidate));
    if (tab === undefined) return this.#giveUp(forUrl, problem);
    const asking = { tab, request: ++this.#requests, asked: [...asked, tab], forUrl };
    this.#asking = asking;
    const late = `no tab gave a ${forUrl ? 'URL' : 'token'} within ${TAB_TIMEOUT_MS} ms`;
    this.#context.after('token', TAB_TIMEOUT_MS, () => this.#askNext(asking.asked, forUrl, late));
    this.#tabs.askForToken(tab, asking.request);
  }

  #giveUp(forUrl: boolean, problem: string): void {
    this.#stop();
    // A tab that lives and gave none has its reasons; the memory is for when there is none.
    if (forUrl || this.#tabs.tokenTabs(false).length > 0) return this.#failed(problem);
    const token = this.#remembered;
    this.#remembered = null;
    if (token !== null || !this.#hasTokens) return this.#got({ token, url: null });
    this.#failed(problem);
  }

  /** What an application's error quotes is shown to every tab; the last token is not. */
  #veiled(message: string): string {
    return this.#remembered ? message.replaceAll(this.#remembered, '…') : message;
  }

  #stop(): void {
    this.#asking = null;
    this.#context.deadlines.clear('token');
  }
}
