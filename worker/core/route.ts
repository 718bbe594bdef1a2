import type { AttachRequest } from '../../src/protocol/port.ts';
import type { Context } from './context.ts';
import type { Dialect } from './dialect/dialect.ts';
import { PlainDialect, type PlainHub, type PlainOptions } from './dialect/plain.ts';
import { v1 } from './dialect/v1.ts';

type Wish = Pick<AttachRequest, 'url' | 'dialect' | 'appVersion'>;

/**
 * Where the trunk leads and what is spoken there. Tabs wish; a change takes effect at the next connect, and the newer
 * build wins, so that an attach never fails on configuration.
 */
export class Route {
  readonly #context: Context;
  #wish: Wish | null = null;
  #active: { url: string; dialect: Dialect } = { url: '', dialect: v1 };
  /** One for the hub's whole life, since it numbers the events. */
  #plain: PlainDialect | null = null;
  #warned = false;

  constructor(context: Context) {
    this.#context = context;
  }

  get isKnown(): boolean {
    return this.#wish !== null;
  }

  get url(): string {
    return this.#active.url;
  }

  get dialect(): Dialect {
    return this.#active.dialect;
  }

  /** @param alone no other tab is attached whose wish would count. */
  wish({ url, dialect, appVersion }: AttachRequest, alone: boolean): void {
    const before = this.#wish;
    const differs =
      before && (before.url !== url || JSON.stringify(before.dialect) !== JSON.stringify(dialect));
    const isNewer = !before || alone || appVersion > before.appVersion;
    if (isNewer) this.#wish = { url, dialect, appVersion };
    if (!differs || this.#warned) return;
    this.#warned = true;
    const what = isNewer ? 'it is adopted at the next connect' : 'the one in use stays';
    this.#context.log(
      'warn',
      // Without its query, which may hold what is secret.
      `a tab of version ${appVersion} asks for another url or dialect (${url.split('?', 1)[0]}); ${what}`,
    );
  }

  /** A connection attempt begins. `hub` is of use where the plain dialect is spoken for the first time. */
  activate(hub: Pick<PlainHub, 'heardAt' | 'hasState'>): void {
    if (!this.#wish) return;
    const { url, dialect } = this.#wish;
    this.#active = { url, dialect: dialect === 'trunkline.v1' ? v1 : this.#speakPlain(dialect.plain, hub) };
  }

  #speakPlain(options: PlainOptions, hub: Pick<PlainHub, 'heardAt' | 'hasState'>): PlainDialect {
    const { hubId, settings } = this.#context;
    this.#plain ??= new PlainDialect({ hubId, resyncAfterMs: settings.resyncAfterMs, ...hub });
    this.#plain.options = options;
    return this.#plain;
  }
}
