/**
 * Where the trunk leads and what is spoken there. Tabs wish. At each connect that of the newest tab which lives counts, of
 * the newest build first, so that an attach never fails on configuration.
 */
import type { AttachRequest } from '../../src/protocol/port.ts';
import type { Context } from './context.ts';
import type { Dialect, PlainlySpoken, PlainOptions } from './dialect/dialect.ts';
import type { PlainSupport } from './dialect/plain-support.ts';
import type { PlainHub } from './dialect/plain-topic.ts';
import { v1 } from './dialect/v1.ts';
import type { TabId } from './io.ts';

type PlainTopics = Omit<PlainHub, 'ownershipId' | 'resyncAfterMs'>;
type Wish = Pick<AttachRequest, 'url' | 'dialect' | 'appVersion'>;

export class Route {
  readonly #context: Context;
  readonly #support: PlainSupport | undefined;
  /** Of the tabs that live, in the order in which they came. */
  readonly #wishes = new Map<TabId, Wish>();
  /** It goes on where no tab is left. */
  #last: Wish | null = null;
  #active: { url: string; isAsked: boolean; dialect: Dialect } = { url: '', isAsked: false, dialect: v1 };
  /** One for the hub's whole life, since it numbers the events. */
  #plain: PlainlySpoken | null = null;
  #warned = false;

  constructor(context: Context, support: PlainSupport | undefined) {
    this.#context = context;
    this.#support = support;
  }

  get isKnown(): boolean {
    return this.#last !== null;
  }

  get url(): string {
    return this.#active.url;
  }

  /** As much of the URL as may be shown: a path or a query may hold what is secret. `''`: there was none yet. */
  get origin(): string {
    return originOf(this.#active.url);
  }

  /** It is a tab's function that gives the URL. */
  get isAsked(): boolean {
    return this.#active.isAsked;
  }

  get dialect(): Dialect {
    return this.#active.dialect;
  }

  wish(tab: TabId, { url, dialect, appVersion }: AttachRequest): void {
    const before = this.#last;
    const wish = { url, dialect, appVersion };
    this.#wishes.set(tab, wish);
    const isAdopted = this.#choose() === wish;
    const differs =
      before && (before.url !== url || JSON.stringify(before.dialect) !== JSON.stringify(dialect));
    if (!differs || this.#warned) return;
    this.#warned = true;
    const what = isAdopted ? 'it is adopted at the next connect' : 'the one in use stays';
    // Without its query, which may hold what is secret.
    const where = url === null ? 'of a function' : url.split('?', 1)[0];
    const message = `a tab of version ${appVersion} asks for another url or dialect (${where}); ${what}`;
    this.#context.log('warn', message);
  }

  gone(tab: TabId): void {
    this.#wishes.delete(tab);
  }

  /**
   * A connection attempt begins. `hub` is of use where the plain dialect is spoken for the first time.
   *
   * @returns whether a tab has to be asked for the URL.
   */
  activate(hub: PlainTopics): boolean {
    const wish = this.#choose();
    if (!wish) return false;
    const { url, dialect } = wish;
    this.#active = {
      url: url ?? '',
      isAsked: url === null,
      dialect:
        dialect === 'trunkline.v1' || !this.#support
          ? v1
          : this.#speakPlain(this.#support, dialect.plain, hub),
    };
    return url === null;
  }

  /** What the function gave, for this one attempt. */
  found(url: string): void {
    this.#active = { ...this.#active, url };
  }

  #choose(): Wish | null {
    let best: Wish | undefined;
    for (const wish of this.#wishes.values()) if (!best || wish.appVersion >= best.appVersion) best = wish;
    this.#last = best ?? this.#last;
    return this.#last;
  }

  #speakPlain(support: PlainSupport, options: PlainOptions, hub: PlainTopics): PlainlySpoken {
    const { ownershipId, settings } = this.#context;
    const whole = { ownershipId, resyncAfterMs: settings.resyncAfterMs, ...hub };
    this.#plain ??= support.createDialect(whole, this.#context);
    this.#plain.options = options;
    return this.#plain;
  }
}

function originOf(url: string): string {
  const [, scheme = '', host = ''] = /^(\w+:\/\/)(?:[^/?#]*@)?([^/?#]*)/.exec(url) ?? [];
  return scheme + host;
}
