import { proxy, type Remote, wrap } from 'comlink';
import type { ClosedReason, Connection } from '../protocol/model.ts';
import type { Attached, AttachRequest, Batch, HubPort, Reply, TabSink } from '../protocol/port.ts';
import type { AnyProtocol } from '../protocol/types.ts';
import { type Report, TrunklineError } from './errors.ts';
import { hold, released } from './lease.ts';
import { isPage, isVisible, watchPage } from './lifecycle.ts';
import type { CreateClientOptions, Logger } from './types.ts';

/** Doubled at each try, so that a slow start is not taken for a missing one. */
const ATTACH_DEADLINE_MS = 5_000;
const ATTACH_TRIES = 3;
const ATTACH_PAUSE_MS = 500;
const UNAVAILABLE_RETRY_MS = 30_000;
/** A hub that dies sooner than this is not started again at once. */
const STABLE_MS = 2_000;
/** What a hub posted just before its death is heard first: locks and ports are not ordered among each other. */
const LAST_WORDS_MS = 20;
const CLOSE_DEADLINE_MS = 1_000;

type Hub = Remote<HubPort>;
type Ask<T> = (hub: Hub) => Promise<Reply<T>>;

/** One attachment to one hub. Aborting `end` ends all that belongs to it, the tab's lease first of all. */
interface Life {
  readonly end: AbortController;
  hub?: Hub;
  /** Every batch names its hub: another id is a worker that was restarted unseen. */
  hubId?: string;
}
type Phase =
  | { is: 'idle' }
  | { is: 'starting' | 'attached'; life: Life }
  /** In the back/forward cache, or frozen with its own worker. */
  | { is: 'asleep' }
  | { is: 'unavailable' }
  | { is: 'dead'; error: TrunklineError };

/** What the application awaits. It outlives its hub: `again` says whether the next hub may be asked the same. */
interface Call {
  readonly ask: Ask<unknown>;
  readonly again: boolean;
  offered: boolean;
  resolve(value: unknown): void;
  reject(error: TrunklineError): void;
}

export interface LinkListener {
  /** A new hub knows nothing of this tab: all that is still wanted is to be asked for. */
  attached(): void;
  lost(): void;
  received(batch: Batch): void;
  connection(connection: Connection): void;
  report: Report;
}

/** The way to the hub: starts it when it is needed, notices its death, and starts it again. */
export class Link {
  readonly #protocol: AnyProtocol;
  readonly #options: CreateClientOptions;
  readonly #logger: Logger;
  readonly #listener: LinkListener;
  readonly #calls = new Set<Call>();
  /** Ends with the client. */
  readonly #page = new AbortController();
  #watching = false;
  #phase: Phase = { is: 'idle' };
  #worker: SharedWorker | Worker | undefined;
  #tries = 0;
  #startedAt = 0;
  #retryTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(protocol: AnyProtocol, options: CreateClientOptions, logger: Logger, listener: LinkListener) {
    this.#protocol = protocol;
    this.#options = options;
    this.#logger = logger;
    this.#listener = listener;
  }

  /** Needed from now on. On a server nothing happens. */
  start(): void {
    if (!isPage() || (this.#phase.is !== 'idle' && this.#phase.is !== 'unavailable')) return;
    if (!this.#watching) {
      this.#watching = true;
      watchPage(
        {
          hide: () => this.#sleep(),
          // A SharedWorker runs on while its page is frozen; a page's own worker must let go of the socket.
          freeze: () => this.#worker && !('port' in this.#worker) && this.#sleep(),
          show: () => {
            if (this.#phase.is !== 'asleep') return;
            this.#phase = { is: 'idle' };
            this.start();
          },
          signal: (signal) => {
            this.post((hub) => hub.signal(signal));
            if (this.#phase.is === 'unavailable' && signal !== 'hidden') this.start();
          },
        },
        this.#page.signal,
      );
    }
    this.#tries = 0;
    this.#begin(0);
  }

  /**
   * Asks the hub, now or once it is there. Every call to a dead peer hangs
   * (https://github.com/GoogleChromeLabs/comlink/issues/601), so that it ends with the hub: asked again, or rejected.
   */
  call<T>(ask: Ask<T>, again = true): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      if (this.#phase.is === 'dead') return reject(this.#phase.error);
      if (!isPage()) return reject(new TrunklineError('unsupported', 'There is no hub outside of a page'));
      const call: Call = { ask, again, offered: false, resolve: resolve as Call['resolve'], reject };
      this.#calls.add(call);
      if (this.#phase.is === 'attached') this.#offer(call, this.#phase.life);
      else this.start();
    });
  }

  /** Tells the hub, if there is one: what a new hub must know is told by `attached` again. */
  post(ask: Ask<null>): void {
    if (this.#phase.is !== 'attached') return;
    this.call(ask, false).catch((error: TrunklineError) => {
      if (error.code !== 'hub_lost' && error.code !== 'closed') this.#listener.report(error);
    });
  }

  /** @throws TrunklineError `closed` */
  check(): void {
    if (this.#phase.is === 'dead') throw this.#phase.error;
  }

  /** Ends it for good; the hub is told, and has a moment to answer what it was asked. */
  async close(reason: ClosedReason, message: string): Promise<void> {
    if (this.#phase.is === 'dead') return;
    const { is, life } = { life: undefined, ...this.#phase };
    const error = new TrunklineError('closed', message);
    this.#phase = { is: 'dead', error };
    clearTimeout(this.#retryTimer);
    this.#page.abort();
    this.#listener.connection(closed(reason));
    if (is === 'attached' && life?.hub) {
      await Promise.race([life.hub.detach(), pause(CLOSE_DEADLINE_MS, life.end.signal)]).catch(() => {});
    }
    life?.end.abort();
    this.#drop();
    this.#rejectAll(error);
  }

  async #begin(waitMs: number): Promise<void> {
    clearTimeout(this.#retryTimer);
    const life: Life = { end: new AbortController() };
    const { signal } = life.end;
    this.#phase = { is: 'starting', life };
    try {
      await pause(waitMs, signal);
      const { hub, lease } = await this.#attach(life);
      if (this.#heard(life, hub)) {
        this.#phase = { is: 'attached', life };
        this.#tries = 0;
        this.#logger.debug(`[trunkline] attached to hub ${hub}`);
        this.#listener.attached();
        for (const call of [...this.#calls]) this.#offer(call, life);
        await released(lease, signal);
        await pause(LAST_WORDS_MS, signal);
        this.#lost(life);
      }
    } catch (error) {
      if (!signal.aborted) this.#failed(life, error);
    }
  }

  async #attach(life: Life): Promise<Attached> {
    const { app, version } = this.#protocol;
    const { identity, url, dialect, token, worker } = this.#options;
    const { signal } = life.end;
    if (!navigator.locks) {
      throw new TrunklineError('unsupported', 'No Web Locks here: the page needs https, or localhost');
    }
    this.#startedAt = Date.now();
    const started = this.#worker ?? worker();
    this.#worker = started;
    life.hub = wrap<HubPort>('port' in started ? started.port : started);
    let timer: ReturnType<typeof setTimeout> | undefined;
    const failure = new Promise<never>((_, reject) => {
      started.addEventListener('error', () => reject(unavailable('its script does not load')), { signal });
      signal.addEventListener('abort', reject);
      timer = setTimeout(
        () => reject(new Error('it does not answer')),
        ATTACH_DEADLINE_MS * 2 ** this.#tries,
      );
    });
    // A fresh name each time: a queue on a cached page's lock can wedge for good.
    const request: AttachRequest = {
      app,
      appVersion: version,
      identity,
      url: webSocketUrl(url),
      dialect: dialect ?? 'trunkline.v1',
      lease: `trunkline:${app}:tab:${crypto.randomUUID()}`,
      visible: isVisible(),
      hasToken: Boolean(token),
    };
    try {
      await Promise.race([hold(request.lease, signal), failure]);
      const reply = await Promise.race([life.hub.attach(request, this.#sink(life)), failure]);
      if (!reply.ok) throw new Error(reply.message);
      return reply.value;
    } finally {
      clearTimeout(timer);
      failure.catch(() => {});
    }
  }

  #sink(life: Life): TabSink {
    return proxy<TabSink>({
      deliver: async (batch) => {
        // Unheard is not credited.
        if (!this.#heard(life, batch.hub)) return new Promise<never>(() => {});
        this.#listener.received(batch);
      },
    });
  }

  /** Whether this hub's word still counts. */
  #heard(life: Life, hubId: string): boolean {
    if (life.end.signal.aborted || this.#phase.is === 'dead') return false;
    life.hubId ??= hubId;
    if (life.hubId === hubId) return true;
    this.#lost(life);
    return false;
  }

  #offer(call: Call, life: Life): void {
    if (!life.hub) return;
    call.offered = true;
    call.ask(life.hub).then(
      (reply) => {
        if (!this.#calls.has(call)) return;
        if (reply.ok) call.resolve(reply.value);
        else if (reply.code === 'hub_lost') return this.#lost(life);
        else call.reject(new TrunklineError(reply.code, reply.message));
        this.#calls.delete(call);
      },
      (cause) => {
        if (this.#calls.delete(call)) call.reject(unanswered(String(cause)));
      },
    );
  }

  #lost(life: Life): void {
    if (life.end.signal.aborted) return;
    this.#end(life);
    if (this.#phase.is === 'dead') return;
    this.#drop();
    this.#logger.debug('[trunkline] the hub is gone; starting another');
    this.#listener.lost();
    this.#listener.connection(closed('hub_lost'));
    this.#begin(Date.now() - this.#startedAt < STABLE_MS ? STABLE_MS : 0);
  }

  #failed(life: Life, cause: unknown): void {
    this.#end(life);
    this.#drop();
    const known = cause instanceof TrunklineError;
    if (!known && ++this.#tries < ATTACH_TRIES) {
      this.#begin(ATTACH_PAUSE_MS);
      return;
    }
    const error = known ? cause : unavailable(String(cause));
    const { message } = error;
    this.#phase = { is: 'unavailable' };
    this.#retryTimer = setTimeout(() => this.start(), UNAVAILABLE_RETRY_MS);
    this.#listener.connection(closed('hub_unavailable', { message }, Date.now() + UNAVAILABLE_RETRY_MS));
    this.#rejectAll(error);
  }

  /** Into the back/forward cache, of which one message posted to the page would throw it out. */
  #sleep(): void {
    const phase = this.#phase;
    if (phase.is === 'idle' || phase.is === 'asleep' || phase.is === 'dead') return;
    clearTimeout(this.#retryTimer);
    if ('life' in phase) {
      if (phase.is === 'attached') phase.life.hub?.detach().catch(() => {});
      this.#end(phase.life);
    }
    // The page's own worker sleeps with it and keeps its memory; a port is closed, so that no reply comes.
    if (this.#worker && 'port' in this.#worker) this.#drop();
    this.#phase = { is: 'asleep' };
  }

  #end(life: Life): void {
    life.end.abort();
    for (const call of this.#calls) {
      if (!call.offered || call.again) continue;
      this.#calls.delete(call);
      call.reject(unanswered('The hub is gone'));
    }
  }

  /** What some hub was asked may be done: it must not be reported as failed. */
  #rejectAll(error: TrunklineError): void {
    for (const call of this.#calls) {
      this.#calls.delete(call);
      call.reject(call.offered ? unanswered(error.message) : error);
    }
  }

  #drop(): void {
    const worker = this.#worker;
    this.#worker = undefined;
    if (!worker) return;
    if ('port' in worker) worker.port.close();
    else worker.terminate();
  }
}

const unavailable = (why: string): TrunklineError =>
  new TrunklineError('hub_unavailable', `The hub cannot be started (${why}); reload to continue`);

const unanswered = (why: string): TrunklineError =>
  new TrunklineError('hub_lost', `${why}. It was asked and had not answered: look at the outbox`);

/** Nothing is going on, for this reason. */
export function closed(
  reason: ClosedReason,
  detail?: { message: string },
  retryAt: number | null = null,
): Connection {
  return { state: 'closed', reason, ...(detail && { detail }), attempt: 0, retryAt, circuit: 'closed' };
}

/** Rejects when the signal aborts. */
function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) reject(signal.reason);
    const timer = setTimeout(resolve, ms);
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
      reject(signal.reason);
    });
  });
}

/** Relative to the page; http: and https: become ws: and wss:. */
function webSocketUrl(url: string | URL): string {
  const absolute = new URL(url, location.href);
  absolute.protocol = absolute.protocol.replace('http', 'ws');
  absolute.hash = '';
  return absolute.href;
}
