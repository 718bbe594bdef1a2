import type { HubPort } from '../protocol/calls.ts';
import { closed } from '../protocol/closed.ts';
import type { ClosedReason, Connection } from '../protocol/model.ts';
import type { Batch, Reply } from '../protocol/port.ts';
import type { AnyProtocol } from '../protocol/types.ts';
import { type ErrorCode, type Report, TrunklineError } from './errors.ts';
import { hold, released } from './lease.ts';
import type { PagePlatform, WorkerLine } from './platform.ts';
import { STORAGE_BLOCKED } from './start-failure.ts';
import type { CreateClientOptions } from './types.ts';

/** Doubled at each try, so that a slow start is not taken for a missing one. */
const ATTACH_DEADLINE_MS = 5_000;
const ATTACH_TRIES = 3;
const UNAVAILABLE_RETRY_MS = 30_000;
/** A second death, or failure, within this time is not followed by a start at once. */
const STABLE_MS = 2_000;
/** What a hub posted just before its death is heard first: locks and ports are not ordered among each other. */
const LAST_WORDS_MS = 20;
/** So long after a hub was asked, who wants to change the outbox is told something, if only "perhaps". */
const CONFIRM_DEADLINE_MS = 10_000;
const CLOSE_DEADLINE_MS = 1_000;
/** A hub that is stuck, or whose process is stopped, keeps its locks: it is asked from time to time. */
const PING_EVERY_MS = 4_000;
const PING_DEADLINE_MS = 3_000;

/** What a page tells unasked is answered so where the hub, or the session, has ended over it: `connection` says that. */
const UNHEARD: readonly ErrorCode[] = ['hub_lost', 'closed', 'unconfirmed'];

type Ask<T> = (hub: HubPort) => Promise<Reply<T>>;

/** One attachment to one hub. Its end ends all that belongs to it, the tab's lease first of all. */
type Life = AbortController;
type Phase =
  | { is: 'idle' }
  | { is: 'starting'; life: Life }
  | { is: 'attached'; life: Life; hub: HubPort }
  /** In the back/forward cache, or frozen with its own worker. */
  | { is: 'asleep' }
  | { is: 'unavailable' }
  | { is: 'dead'; error: TrunklineError };

/** What the application awaits. It outlives its hub: `again` says whether the next hub may be asked the same. */
interface Call {
  readonly ask: Ask<unknown>;
  readonly again: boolean;
  asked: boolean;
  resolve(value: unknown): void;
  reject(error: TrunklineError): void;
}

export interface LinkListener {
  /** Asked before and after each attaching. True where the tab's person has signed out: then it has closed the link. */
  closeIfSignedOut(): boolean;
  /** The number of the last sign-out before this client. */
  begunAfter(): number;
  /** A new hub knows nothing of this tab: all that is still wanted is to be asked for. */
  attached(): void;
  /** There is no hub any more, for now or for good. */
  lost(): void;
  received(batch: Batch): void;
  connection(connection: Connection): void;
  readonly report: Report;
}

/** The way to the hub: starts it when it is needed, notices its death, and starts it again. */
export interface Link {
  readonly platform: PagePlatform;
  /** The hub is needed from now on. On a server nothing happens. */
  start(): void;
  /**
   * Asks the hub, now or once it is there. A call to a dead peer never settles
   * (https://github.com/GoogleChromeLabs/comlink/issues/601), so that it ends with the hub: asked again, or rejected.
   */
  call<T>(ask: Ask<T>, again?: boolean): Promise<T>;
  /**
   * As `call`, for what changes the outbox: rejects with `unconfirmed` where a hub was asked and none has answered in time.
   * The asking goes on.
   */
  change<T>(ask: Ask<T>, again?: boolean): Promise<T>;
  /** Tells the hub, if there is one: what a new hub must know is told anew by `attached`. */
  post(ask: Ask<null>): void;
  /** As `post`, and also to a hub that is still to answer the attachment: its first batch may come ahead of that. */
  answer(ask: Ask<null>): void;
  /** @throws TrunklineError `closed`; `unsupported` outside of a page, or of a secure one. */
  check(): Pick<LockManager, 'request'>;
  /** Ends it for good; the hub is told, and has a moment to answer what it was asked. */
  close(reason: ClosedReason, message: string): Promise<void>;
}

export function createLink(
  platform: PagePlatform,
  protocol: AnyProtocol,
  options: CreateClientOptions,
  tab: LinkListener,
): Link {
  const calls = new Set<Call>();
  let phase: Phase = { is: 'idle' };
  /** Ends with the client. */
  let page: AbortController | undefined;
  let worker: WorkerLine | undefined;
  let tries = 0;
  let lostAt = 0;
  /** The newest ending that some hub told of, by its number. */
  let heardEnding: number | undefined;
  /** By these a hub knows whether a sign-out has ended this client while it was away. */
  let session: string | undefined;
  let signOuts: number | undefined;
  let askedAt: number | undefined;

  const start = () => {
    if (!platform.isPage() || (phase.is !== 'idle' && phase.is !== 'unavailable')) return;
    if (!page) {
      page = new AbortController();
      platform.watchPage(page.signal, {
        hide: sleep,
        // A SharedWorker runs on while its page is frozen; a page's own worker must let go of the socket.
        freeze: () => worker?.isOwn && sleep(),
        show() {
          if (phase.is !== 'asleep') return;
          phase = { is: 'idle' };
          start();
        },
        signal(signal) {
          post((hub) => hub.signal(signal));
          if (phase.is === 'unavailable' && signal !== 'hidden') start();
        },
      });
    }
    tries = 0;
    begin(0);
  };

  const check = () => {
    if (phase.is === 'dead') throw phase.error;
    const locks = platform.locks();
    if (!locks) {
      throw new TrunklineError('unsupported', 'There are no Web Locks: use a page, and https:');
    }
    return locks;
  };

  const call = <T>(ask: Ask<T>, again = true) =>
    new Promise<T>((resolve, reject) => {
      check();
      const waiting: Call = { ask, again, asked: false, resolve: resolve as Call['resolve'], reject };
      calls.add(waiting);
      if (phase.is === 'attached') offer(waiting, phase.life, phase.hub);
      else start();
    });

  const change = <T>(ask: Ask<T>, again?: boolean) =>
    new Promise<T>((resolve, reject) => {
      let stop: (() => void) | undefined;
      const asked: Ask<T> = (hub) => {
        stop ??= platform.setTimer(CONFIRM_DEADLINE_MS, () => reject(unconfirmed()));
        return ask(hub);
      };
      call(asked, again)
        .then(resolve, reject)
        .finally(() => stop?.());
    });

  const post = (ask: Ask<null>) => {
    if (phase.is === 'attached') answer(ask);
  };

  const answer = (ask: Ask<null>) => {
    if (phase.is !== 'attached' && phase.is !== 'starting') return;
    call(ask, false).catch((error: TrunklineError) => {
      if (!UNHEARD.includes(error.code)) tab.report(error);
    });
  };

  const begin = (waitMs: number) => {
    const life = new AbortController();
    phase = { is: 'starting', life };
    platform.setTimer(waitMs, () => {
      if (!life.signal.aborted) attach(life).catch((error) => failed(life, error));
    });
  };

  const attach = async (life: Life) => {
    const { signal } = life;
    const { app, version: appVersion } = protocol;
    const { identity, dialect = 'trunkline.v1' } = options;
    /** Every batch names its hub: another id is a worker that was restarted unseen. */
    let known: string | undefined;
    const isHeard = (hubId: string) => {
      if (signal.aborted || phase.is === 'dead') return false;
      known ??= hubId;
      if (known !== hubId) lost(life, 'hub');
      return known === hubId;
    };
    const locks = check();
    if (tab.closeIfSignedOut()) return;
    worker ??= startWorker();
    const { hub } = worker;
    // Never cleared: it means nothing once the life is attached, or over.
    platform.setTimer(ATTACH_DEADLINE_MS * 2 ** tries, () => failed(life, 'no answer'));
    // A fresh name each time: a queue on a cached page's lock can wedge for good.
    const lease = `trunkline:${app}:tab:${platform.uuid()}`;
    await hold(locks, lease, signal).catch((error) => {
      throw unavailable(error?.name === 'SecurityError' ? STORAGE_BLOCKED : error);
    });
    session ??= platform.uuid();
    const askedBefore = askedAt;
    askedAt ??= platform.now();
    const reply = await hub.attach(
      {
        app,
        appVersion,
        identity,
        url: typeof options.url === 'function' ? null : webSocketUrl(options.url, platform.baseUrl()),
        dialect,
        lease,
        visible: platform.isVisible(),
        hasToken: Boolean(options.token),
        diagnose: options.diagnose && (options.diagnose === true ? 'hub' : 'tab'),
        settledSince: heardEnding,
        session,
        signOuts,
        begunAfter: tab.begunAfter(),
        askedAt: askedBefore,
      },
      platform.exposeSink({
        deliver: async (batch: Batch) => {
          // Unheard is not credited.
          if (!isHeard(batch.hub)) return new Promise<never>(() => {});
          for (const { n = 0 } of batch.settled ?? []) heardEnding = Math.max(heardEnding ?? 0, n);
          heardEnding ??= 0;
          signOuts = batch.signOuts ?? signOuts;
          if (batch.moved) moved(life);
          else tab.received(batch);
        },
      }),
    );
    if (!reply.ok) throw new TrunklineError(reply.code, reply.message);
    if (!isHeard(reply.value.hub)) return;
    // A hub may have waited for long before it could take it.
    if (tab.closeIfSignedOut()) return;
    const waiting = [...calls];
    phase = { is: 'attached', life, hub };
    tab.attached();
    for (const call of waiting) offer(call, life, hub);
    watch(life, hub);
    await released(locks, reply.value.lease, signal);
    platform.setTimer(LAST_WORDS_MS, () => lost(life, 'worker'));
  };

  const watch = (life: Life, hub: HubPort) =>
    platform.setTimer(PING_EVERY_MS, () => {
      if (life.signal.aborted) return;
      const askedAt = platform.now();
      let isAnswered = false;
      hub.ping().then((reply) => {
        isAnswered = true;
        if (!reply.ok) lost(life, 'hub');
      });
      platform.setTimer(PING_DEADLINE_MS, () => {
        // A page that slept has not waited for the answer.
        const wasAsleep = platform.now() - askedAt > 2 * PING_DEADLINE_MS;
        if (life.signal.aborted) return;
        if (isAnswered || wasAsleep) watch(life, hub);
        else lost(life, 'worker', 'the hub does not answer; its worker is stuck, or stopped');
      });
    });

  const startWorker = () => {
    try {
      return platform.startWorker(options.worker, (why) => {
        if (phase.is !== 'starting') return;
        const { life } = phase;
        why().then((message) => failed(life, unavailable(message)));
      });
    } catch (error) {
      throw unavailable(error);
    }
  };

  const offer = (call: Call, life: Life, hub: HubPort) => {
    call.asked = true;
    call.ask(hub).then(
      (reply) => {
        if (!reply.ok && reply.code === 'hub_lost') lost(life, 'hub');
        else if (calls.delete(call)) {
          if (reply.ok) call.resolve(reply.value);
          else call.reject(new TrunklineError(reply.code, reply.message));
        }
      },
      (error) => calls.delete(call) && call.reject(unanswered(error)),
    );
  };

  /** `worker`: it is dead, and another one is started; `hub`: the worker lives, and has forgotten us. */
  const lost = (life: Life, what: 'worker' | 'hub', message?: string) => {
    if (!ends(life, what === 'worker')) return;
    tab.lost();
    tab.connection(closed('hub_lost', message));
    const isFirst = platform.now() - lostAt > STABLE_MS;
    lostAt = platform.now();
    tries = 0;
    begin(isFirst ? 0 : STABLE_MS);
  };

  /** Another hub of this browser has the work: nothing is lost by it, and nothing is to be said about it. */
  const moved = (life: Life) => {
    if (!ends(life, false)) return;
    tab.lost();
    tries = 0;
    begin(0);
  };

  const failed = (life: Life, cause: unknown) => {
    if (phase.is !== 'starting' || !ends(life, true)) return;
    const isFinal = cause instanceof TrunklineError;
    if (!isFinal && ++tries < ATTACH_TRIES) return begin(STABLE_MS);
    const error = isFinal ? cause : unavailable(`${cause}; reload to continue`);
    phase = { is: 'unavailable' };
    platform.setTimer(UNAVAILABLE_RETRY_MS, start);
    tab.connection(closed('hub_unavailable', error.message, platform.now() + UNAVAILABLE_RETRY_MS));
    reject(error);
  };

  /** Ends a life, once. */
  const ends = (life: Life, isWorkerGone: boolean) => {
    if (life.signal.aborted || phase.is === 'dead') return false;
    life.abort();
    if (isWorkerGone) drop();
    reject();
    return true;
  };

  /** Into the back/forward cache, out of which a single message that is posted to the page would throw it. */
  const sleep = () => {
    if (phase.is === 'idle' || phase.is === 'dead') return;
    if (phase.is === 'attached') phase.hub.detach();
    if ('life' in phase) phase.life.abort();
    reject();
    // A port is closed, so that no reply comes. The page's own worker ends: frozen, it would hold what others wait for.
    drop();
    phase = { is: 'asleep' };
    tab.lost();
  };

  /** All calls, or those which only the hub that was asked could answer: what it did is not known. */
  const reject = (error?: TrunklineError) => {
    for (const call of calls) {
      if (!error && (!call.asked || call.again)) continue;
      calls.delete(call);
      call.reject(error && !call.asked ? error : unanswered(error?.message ?? 'The hub is gone'));
    }
  };

  const drop = () => {
    worker?.close();
    worker = undefined;
  };

  return {
    platform,
    start,
    call,
    change,
    post,
    answer,
    check,
    async close(reason, message) {
      if (phase.is === 'dead') return;
      const last = phase;
      const error = new TrunklineError('closed', message);
      phase = { is: 'dead', error };
      page?.abort();
      tab.lost();
      tab.connection(closed(reason));
      if (last.is === 'attached') {
        // What was sent in this turn is handed over at its end.
        await null;
        await Promise.race([
          last.hub.detach(),
          new Promise<void>((late) => platform.setTimer(CLOSE_DEADLINE_MS, late)),
        ]);
      }
      if ('life' in last) last.life.abort();
      drop();
      reject(error);
    },
  };
}

const unconfirmed = () =>
  new TrunklineError(
    'unconfirmed',
    `No hub has answered within ${CONFIRM_DEADLINE_MS} ms; what was asked may be done, or may be done yet: see the outbox`,
  );
const unavailable = (why: unknown) =>
  new TrunklineError('hub_unavailable', `The hub cannot be started: ${why}`);
const unanswered = (why: unknown) =>
  new TrunklineError('hub_lost', `${why}; what was asked may be done: see the outbox`);

/** Relative to the page; http: and https: become ws: and wss:. */
export function webSocketUrl(url: string | URL, base: string): string {
  const absolute = new URL(url, base);
  absolute.protocol = absolute.protocol.replace('http', 'ws');
  absolute.hash = '';
  return absolute.href;
}
