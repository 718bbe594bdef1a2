import type { HubPort } from '../protocol/calls.ts';
import { closed } from '../protocol/closed.ts';
import { hold, type Locks, tabLease, untilGone } from '../protocol/leases.ts';
import type { ClosedReason, Connection } from '../protocol/model.ts';
import type { Batch } from '../protocol/port.ts';
import type { AnyProtocol } from '../protocol/types.ts';
import { type ErrorCode, type Report, TrunklineError } from './errors.ts';
import { createIntroduction } from './introduction.ts';
import { type Ask, createPendingCalls } from './pending-calls.ts';
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

/** `worker`: it is dead, and another one is to be started; `hub`: the worker lives, and has forgotten this tab. */
type Gone = 'worker' | 'hub';

/** One attachment to one hub. Its end ends all that belongs to it, the tab's lease first of all. */
type Life = AbortController;
type Phase =
  /** No hub was ever needed. */
  | { state: 'idle' }
  /** The worker is started, and the tab attached. `failures`: so many tries before this one had no answer. */
  | { state: 'starting'; life: Life; failures: number }
  | { state: 'attached'; life: Life; hub: HubPort }
  /** In the back/forward cache, or frozen with its own worker. */
  | { state: 'asleep' }
  /** No hub can be had; it is tried again. */
  | { state: 'unavailable' }
  /** Closed for good. */
  | { state: 'dead'; error: TrunklineError };

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
  /** Asks the hub, now or once it is there. `again`: where it ends over that, the next one is asked. */
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
  check(): Locks;
  /** Ends it for good; the hub is told, and has a moment to answer what it was asked. */
  close(reason: ClosedReason, message: string): Promise<void>;
}

export function createLink(
  platform: PagePlatform,
  protocol: AnyProtocol,
  options: CreateClientOptions,
  tab: LinkListener,
): Link {
  const introduction = createIntroduction(platform, protocol, options);
  const calls = createPendingCalls<Phase & { state: 'attached' }>(({ life }) => lost(life, 'hub'));
  /** Ends with the client. */
  const page = new AbortController();
  let phase: Phase = { state: 'idle' };
  /** It outlives a hub that has forgotten this tab. */
  let worker: WorkerLine | undefined;
  let lostAt = 0;

  const start = () => {
    if (!platform.isPage()) return;
    if (phase.state === 'idle') {
      platform.watchPage(page.signal, {
        hide: sleep,
        // A SharedWorker runs on while its page is frozen; a page's own worker must let go of the socket.
        freeze: () => worker?.isOwn && sleep(),
        show() {
          if (phase.state === 'asleep') begin();
        },
        signal(signal) {
          post((hub) => hub.signal(signal));
          if (phase.state === 'unavailable' && signal !== 'hidden') start();
        },
      });
    }
    if (phase.state === 'idle' || phase.state === 'unavailable') begin();
  };

  const check = () => {
    if (phase.state === 'dead') throw phase.error;
    const locks = platform.locks();
    if (!locks) {
      throw new TrunklineError('unsupported', 'There are no Web Locks: use a page, and https:');
    }
    return locks;
  };

  const call = async <T>(ask: Ask<T>, again = true): Promise<T> => {
    check();
    const attached = phase.state === 'attached' ? phase : null;
    const answer = calls.ask(ask, again, attached);
    if (!attached) start();
    return answer;
  };

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
    if (phase.state === 'attached') answer(ask);
  };

  const answer = (ask: Ask<null>) => {
    if (!('life' in phase)) return;
    call(ask, false).catch((error: TrunklineError) => {
      if (!UNHEARD.includes(error.code)) tab.report(error);
    });
  };

  const begin = (waitMs = 0, failures = 0) => {
    const life = new AbortController();
    phase = { state: 'starting', life, failures };
    platform.setTimer(waitMs, () => {
      if (!life.signal.aborted) attach(life, failures).catch((error) => failed(life, error));
    });
  };

  const attach = async (life: Life, failures: number) => {
    const { signal } = life;
    /** Every batch names its hub: another id is a worker that was restarted unseen. */
    let known: string | undefined;
    const isHeard = (hubId: string) => {
      if (signal.aborted || phase.state === 'dead') return false;
      known ??= hubId;
      if (known !== hubId) lost(life, 'hub');
      return known === hubId;
    };
    const locks = check();
    if (tab.closeIfSignedOut()) return;
    worker ??= startWorker();
    const { hub } = worker;
    // Never cleared: it means nothing once the life is attached, or over.
    platform.setTimer(ATTACH_DEADLINE_MS * 2 ** failures, () => failed(life, 'no answer'));
    const lease = tabLease(protocol.app, platform.uuid());
    await hold(locks, lease, signal).catch((error) => {
      throw unavailable(error?.name === 'SecurityError' ? STORAGE_BLOCKED : error);
    });
    const reply = await hub.attach(
      introduction.toHub(lease, tab.begunAfter()),
      platform.exposeSink({
        deliver: async (batch) => {
          // Unheard is not credited.
          if (!isHeard(batch.hub)) return new Promise<never>(() => {});
          introduction.heard(batch);
          if (batch.moved) moved(life);
          else tab.received(batch);
        },
      }),
    );
    if (!reply.ok) throw new TrunklineError(reply.code, reply.message);
    if (!isHeard(reply.value.hub)) return;
    // A hub may have waited for long before it could take it.
    if (tab.closeIfSignedOut()) return;
    const attached = { state: 'attached', life, hub } as const;
    phase = attached;
    tab.attached();
    calls.offerAll(attached);
    watchHub(life, hub);
    await untilGone(locks, reply.value.lease, signal);
    platform.setTimer(LAST_WORDS_MS, () => lost(life, 'worker'));
  };

  const watchHub = (life: Life, hub: HubPort) =>
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
        if (isAnswered || wasAsleep) watchHub(life, hub);
        else lost(life, 'worker', 'the hub does not answer; its worker is stuck, or stopped');
      });
    });

  const startWorker = () => {
    try {
      return platform.startWorker(options.worker, (why) => {
        if (phase.state !== 'starting') return;
        const { life } = phase;
        why().then((message) => failed(life, unavailable(message)));
      });
    } catch (error) {
      throw unavailable(error);
    }
  };

  const lost = (life: Life, what: Gone, message?: string) => {
    if (!ends(life, what)) return;
    tab.connection(closed('hub_lost', message));
    const isFirst = platform.now() - lostAt > STABLE_MS;
    lostAt = platform.now();
    begin(isFirst ? 0 : STABLE_MS);
  };

  /** Another hub of this browser has the work: nothing is lost by it, and nothing is to be said about it. */
  const moved = (life: Life) => {
    if (ends(life, 'hub')) begin();
  };

  const failed = (life: Life, cause: unknown) => {
    if (phase.state !== 'starting') return;
    const failures = phase.failures + 1;
    if (!ends(life, 'worker')) return;
    const isFinal = cause instanceof TrunklineError;
    if (!isFinal && failures < ATTACH_TRIES) return begin(STABLE_MS, failures);
    const error = isFinal ? cause : unavailable(`${cause}; reload to continue`);
    phase = { state: 'unavailable' };
    platform.setTimer(UNAVAILABLE_RETRY_MS, start);
    tab.connection(closed('hub_unavailable', error.message, platform.now() + UNAVAILABLE_RETRY_MS));
    calls.rejectAll(error);
  };

  /** Ends a life, once. */
  const ends = (life: Life, what: Gone) => {
    if (life.signal.aborted || phase.state === 'dead') return false;
    life.abort();
    if (what === 'worker') drop();
    calls.hubGone();
    tab.lost();
    return true;
  };

  /** Into the back/forward cache, out of which a single message that is posted to the page would throw it. */
  const sleep = () => {
    if (phase.state === 'idle' || phase.state === 'dead') return;
    const last = phase;
    if (last.state === 'attached') last.hub.detach();
    phase = { state: 'asleep' };
    // A port is closed, so that no reply comes. The page's own worker ends: frozen, it would hold what others wait for.
    if ('life' in last) ends(last.life, 'worker');
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
      if (phase.state === 'dead') return;
      const last = phase;
      const error = new TrunklineError('closed', message);
      phase = { state: 'dead', error };
      page.abort();
      tab.lost();
      tab.connection(closed(reason));
      if (last.state === 'attached') {
        // What was sent in this turn is handed over at its end.
        await null;
        await Promise.race([
          last.hub.detach(),
          new Promise<void>((late) => platform.setTimer(CLOSE_DEADLINE_MS, late)),
        ]);
      }
      if ('life' in last) last.life.abort();
      drop();
      calls.rejectAll(error);
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
