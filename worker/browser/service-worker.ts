/** How an application's service worker delivers what waits while no page is open. */
import { address, webSocketUrl } from '../../src/protocol/address.ts';
import { interpretOutcome } from '../../src/protocol/interpret.ts';
import type { Settled } from '../../src/protocol/model.ts';
import { syncTag } from '../../src/protocol/names.ts';
import type { Batch } from '../../src/protocol/port.ts';
import type { AnyProtocol } from '../../src/protocol/types.ts';
import { hubSettings } from '../core/settings.ts';
import type { BackgroundEnd, BackgroundPlatform } from '../shell/background-hub.ts';
import { Errands } from '../shell/errands.ts';
import { browser } from './platform.ts';
import { look, storedIdentities } from './store/look.ts';

/** So long one event may take: below what Chromium gives it, least to a `push`, with about 100 s. */
const EVENT_MS = 90_000;
/** Where there is no Background Sync: Firefox ends any event after 60 s. */
const SHORT_EVENT_MS = 50_000;
/** So long what `onSettled` returned is waited for. */
const SETTLED_MS = 5_000;

export interface BackgroundOptions<P> {
  /**
   * Where the server is: ws:, wss:, http:, https: or relative to the service worker's script. A function is asked at every
   * connect, and what it gives is stored nowhere.
   */
  url: string | URL | ((identity: string) => string | URL | Promise<string | URL>);
  /**
   * Asked for at every connect, with 5 s to answer, where no page is open that could be; never stored. Leave it out where cookies
   * tell who it is. `null`: there is none, and the server says whether that is enough. To throw means "not now".
   */
  token?: (identity: string) => string | null | Promise<string | null>;
  /** Whose commands are delivered. @default all of this browser, as far as something of theirs waits */
  identities?: readonly string[];
  /**
   * Hears how each command ended that this service worker has delivered, once; what it returns is waited for, up to 5 s: to show a
   * notification, say. The next page is told as well (`outbox.settled`). Not called where the browser ends the service worker before.
   */
  onSettled?: (settled: Settled<P> & { identity: string }) => unknown;
}

/** As much of an ExtendableEvent, or of Background Sync's, as is needed. */
interface SyncEvent extends Event {
  readonly tag: string;
  waitUntil(work: Promise<unknown>): void;
}
/** As much of a service worker's globals: the DOM's library has none of them. */
interface ServiceWorkerScope {
  readonly location: { readonly href: string };
  readonly registration: object;
  addEventListener(type: 'sync', listener: (event: SyncEvent) => void): void;
}

/**
 * Lets this service worker deliver the commands that wait while no page is open: on the `sync` event, for which pages ask whose
 * client was made with `background: true`. To be called once, while the script first runs.
 *
 * It delivers for each identity with something waiting whom its server knows and who has not signed out, unless a page's
 * hub has the connection, to which it hands over as soon as one comes. Where something still waits after 90 s (50 s where there is no Background Sync), or the server refuses
 * it, the event fails, and the browser tries again; not where a page is open that goes on with it.
 *
 * @returns the same for other events: give `event.waitUntil` of a `push` or `periodicsync` what it returns. Events that come
 * together share one delivery. It rejects where something still waits.
 * @throws Error outside of a service worker.
 */
export function deliverInBackground<P extends AnyProtocol>(
  protocol: P,
  options: BackgroundOptions<P>,
): () => Promise<void> {
  const scope = globalThis as unknown as ServiceWorkerScope;
  if (!('clients' in scope && 'registration' in scope))
    throw new Error(
      'deliverInBackground: this is no service worker; call it in the script that is registered as one',
    );
  const platform: BackgroundPlatform = { ...browser, look };
  const errands = new Errands(platform);
  const eventMs = 'sync' in scope.registration ? EVENT_MS : SHORT_EVENT_MS;
  const deliver = (): Promise<void> => {
    const occasion = { base: scope.location.href, endsAt: platform.ticks() + eventMs };
    return deliverAll(errands, occasion, protocol, options);
  };
  scope.addEventListener('sync', (event) => {
    if (event.tag === syncTag(protocol.app)) event.waitUntil(deliver());
  });
  return deliver;
}

/** One event: what a relative URL is relative to, and when it is to be over. */
interface Occasion {
  readonly base: string;
  readonly endsAt: number;
}

async function deliverAll<P extends AnyProtocol>(
  errands: Errands,
  occasion: Occasion,
  protocol: P,
  options: BackgroundOptions<P>,
): Promise<void> {
  const identities = options.identities ?? (await storedIdentities(protocol.app));
  const ends = await Promise.all(
    identities.map((identity) => deliverOf(errands, occasion, protocol, options, identity)),
  );
  for (const [index, end] of ends.entries())
    if (end.end === 'page')
      console.info(`[trunkline] commands of ${identities[index]} are left to a page: ${end.why}`);
  const waiting = ends.flatMap((end, index) =>
    end.end === 'waiting' ? [`${identities[index]} (${end.why})`] : [],
  );
  if (waiting.length > 0) throw new Error(`commands still wait to be delivered, of ${waiting.join(', ')}`);
}

async function deliverOf<P extends AnyProtocol>(
  errands: Errands,
  { base, endsAt }: Occasion,
  protocol: P,
  { url, token, onSettled }: BackgroundOptions<P>,
  identity: string,
): Promise<BackgroundEnd> {
  const asked = {
    url: typeof url === 'function' ? () => url(identity) : url,
    token: token && (() => token(identity)),
  };
  const heard: Promise<unknown>[] = [];
  const settled = (all: NonNullable<Batch['settled']>) => {
    for (const { id, command, outcome: raw } of all) {
      const { outcome } = interpretOutcome(protocol, command.type, raw);
      // The types end here: the row was judged by the schemas of `P`.
      const told = { identity, id, command, outcome } as unknown as Settled<P> & { identity: string };
      heard.push(new Promise((resolve) => resolve(onSettled?.(told))));
    }
  };
  const end = await errands.run({
    protocol,
    settings: hubSettings(),
    identity,
    endsAt,
    url: typeof url === 'function' ? null : webSocketUrl(url, base),
    hasToken: token !== undefined,
    address: () => address(base, asked),
    settled,
  });
  const late = new Promise<void>((resolve) => browser.setTimer(SETTLED_MS, resolve));
  const results = await Promise.race([Promise.allSettled(heard), late]);
  for (const result of results ?? [])
    if (result.status === 'rejected') console.warn('[trunkline] onSettled failed', result.reason);
  return end;
}
