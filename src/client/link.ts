/** When this tab starts a hub, attaches to it, takes it for dead, and starts the next one. */
import type { HubPort } from '../protocol/calls.ts';
import { closedLocally } from '../protocol/closed-locally.ts';
import type { ClosedReason } from '../protocol/closed-reason.ts';
import { hold, tabLease, untilGone } from '../protocol/leases.ts';
import type { Connection } from '../protocol/model.ts';
import type { Attached, Batch } from '../protocol/port.ts';
import type { AnyProtocol } from '../protocol/types.ts';
import { createAttachRequests } from './attach-request.ts';
import { type ErrorCode, type Report, TrunklineError } from './errors.ts';
import { type Ask, PendingCalls } from './pending-calls.ts';
import type { PagePlatform, WorkerLine } from './platform.ts';
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
const NO_ANSWER = 'its worker does not answer: does it call `startHub`?';
/** A hub that is stuck, or whose process is stopped, keeps its locks: it is asked from time to time. */
const PING_EVERY_MS = 4_000;
const PING_DEADLINE_MS = 3_000;

/** What a page tells unasked is answered so where the hub, or the session, has ended over it: `connection` says that. */
const UNHEARD: readonly ErrorCode[] = ['hub_lost', 'closed', 'unconfirmed'];

/** `worker`: it is dead, and another one is to be started; `hub`: the worker lives, and has forgotten this tab. */
type Gone = 'worker' | 'hub';

/** One attachment to one hub. Its end ends all that belongs to it, the tab's lease first of all. */
type Lifetime = AbortController;
type Phase =
  /** No hub was ever needed. */
  | { state: 'idle' }
  /** The worker is started, and the tab attached. `failures`: so many tries before this one had no answer. */
  | { state: 'starting'; life: Lifetime; failures: number }
  | { state: 'attached'; life: Lifetime; hub: HubPort }
  /** In the back/forward cache, or frozen with its own worker. */
  | { state: 'asleep' }
  /** No hub can be had; it is tried again. */
  | { state: 'unavailable' }
  /** Closed for good. */
  | { state: 'dead'; error: TrunklineError };

export interface LinkListener {
  /** Asked before and after each attaching. True where the tab's person has signed out: then it has closed the link. */
  closeIfSignedOut(): boolean;
  /** Another page has remembered something, perhaps that its person has signed out. */
  remembered(): void;
  /** The number of the last sign-out before this client. */
  begunAfter(): number;
  /** A new hub knows nothing of this tab: all that is still wanted is to be asked for. */
  attached(to: Attached): void;
  /** There is no hub any more, for now or for good. */
  lost(): void;
  /** The page is hidden, or left. */
  hidden(): void;
  received(batch: Batch): void;
  connection(connection: Connection): void;
  readonly report: Report;
}

/** The way to the hub: starts it when it is needed, notices its death, and starts it again. */
export class Link {
  readonly platform: PagePlatform;
  readonly #app: string;
  readonly #start: CreateClientOptions['worker'];
  readonly #tab: LinkListener;
  readonly #attachRequests: ReturnType<typeof createAttachRequests>;
  readonly #calls = new PendingCalls<Phase & { state: 'attached' }>(({ life }) => this.#lost(life, 'hub'));
  /** Aborted with the client: the page is not watched any more. */
  readonly #page = new AbortController();
  #phase: Phase = { state: 'idle' };
  /** It outlives a hub that has forgotten this tab. */
  #worker: WorkerLine | undefined;
  #lostAt = 0;

  constructor(
    platform: PagePlatform,
    protocol: AnyProtocol,
    options: CreateClientOptions,
    tab: LinkListener,
  ) {
    this.platform = platform;
    this.#app = protocol.app;
    this.#start = options.worker;
    this.#tab = tab;
    this.#attachRequests = createAttachRequests(platform, protocol, options);
  }

  /** The hub is needed from now on. On a server nothing happens. */
  start(): void {
    const { state } = this.#phase;
    if (!this.platform.isPage() || (state !== 'idle' && state !== 'unavailable')) return;
    if (state === 'idle') this.#watchPage();
    this.#begin();
  }

  /** @throws TrunklineError `closed`; `unsupported` outside of a page. */
  check(): void {
    if (this.#phase.state === 'dead') throw this.#phase.error;
    if (!this.platform.isPage()) throw new TrunklineError('unsupported', 'Only a page can have a hub');
  }

  /**
   * Asks the hub, now or once it is there. `again`: where it ends over that, the next one is asked. `id`: of the command that
   * it sends.
   */
  async call<T>(ask: Ask<T>, again = true, id?: string): Promise<T> {
    this.check();
    const attached = this.#phase.state === 'attached' ? this.#phase : null;
    const answer = this.#calls.ask(ask, again, attached, id);
    if (!attached) this.start();
    return answer;
  }

  /**
   * As `call`, for what changes the outbox: rejects with `unconfirmed` where a hub was asked and none has answered in time.
   * The asking goes on.
   */
  change<T>(ask: Ask<T>, again?: boolean, id?: string): Promise<T> {
    return new Promise((resolve, reject) => {
      let stop: (() => void) | undefined;
      const asked: Ask<T> = (hub) => {
        stop ??= this.platform.setTimer(CONFIRM_DEADLINE_MS, () => reject(unconfirmed()));
        return ask(hub);
      };
      this.call(asked, again, id)
        .then(resolve, reject)
        .finally(() => stop?.());
    });
  }

  /** A command is told to have ended: no hub is asked to send it any more. */
  ended(id: string): void {
    this.#calls.ended(id);
  }

  /** Tells the hub, if there is one: what a new hub must know is told anew by `attached`. */
  post(ask: Ask<null>): void {
    if (this.#phase.state === 'attached') this.answer(ask);
  }

  /** As `post`, and also to a hub that is still to answer the attachment: its first batch may come ahead of that. */
  answer(ask: Ask<null>): void {
    if (!('life' in this.#phase)) return;
    this.call(ask, false).catch((error: TrunklineError) => {
      if (!UNHEARD.includes(error.code)) this.#tab.report(error);
    });
  }

  /** Ends it for good; the hub is told, and has a moment to answer what it was asked. */
  async close(reason: ClosedReason, message: string): Promise<void> {
    const last = this.#phase;
    if (last.state === 'dead') return;
    const error = new TrunklineError('closed', message);
    this.#phase = { state: 'dead', error };
    this.#page.abort();
    // From here on nobody hears that the page is hidden.
    if (reason === 'idle') this.#tab.hidden();
    this.#tab.lost();
    this.#tab.connection(closedLocally(reason));
    if (last.state === 'attached') {
      // What was sent in this turn is handed over at its end.
      await null;
      await Promise.race([
        last.hub.detach(),
        new Promise<void>((late) => this.platform.setTimer(CLOSE_DEADLINE_MS, late)),
      ]);
    }
    if ('life' in last) last.life.abort();
    this.#dropWorker();
    this.#calls.rejectAll(error);
  }

  #watchPage(): void {
    this.platform.watchPage(this.#page.signal, {
      hide: () => {
        this.#tab.hidden();
        this.#sleep();
      },
      // A SharedWorker runs on while its page is frozen; a page's own worker must let go of the socket.
      freeze: () => this.#worker?.isOwn && this.#sleep(),
      show: () => {
        if (this.#phase.state === 'asleep') this.#begin();
      },
      remembered: () => this.#tab.remembered(),
      signal: (signal) => {
        if (signal === 'hidden') this.#tab.hidden();
        this.post((hub) => hub.signal(signal));
        if (this.#phase.state === 'unavailable' && signal !== 'hidden') this.start();
      },
    });
  }

  #begin(waitMs = 0, failures = 0): void {
    const life = new AbortController();
    this.#phase = { state: 'starting', life, failures };
    this.platform.setTimer(waitMs, () => {
      if (!life.signal.aborted) this.#attach(life, failures).catch((error) => this.#failed(life, error));
    });
  }

  async #attach(life: Lifetime, failures: number): Promise<void> {
    const { signal } = life;
    /** Every batch names its hub: another id is a worker that was restarted unseen. */
    let known: string | undefined;
    const isHeard = (hubId: string) => {
      if (signal.aborted || this.#phase.state === 'dead') return false;
      known ??= hubId;
      if (known !== hubId) this.#lost(life, 'hub');
      return known === hubId;
    };
    this.check();
    if (this.#tab.closeIfSignedOut()) return;
    this.#worker ??= this.#startWorker();
    const { hub } = this.#worker;
    // Never cleared: it means nothing once the life is attached, or over.
    this.platform.setTimer(ATTACH_DEADLINE_MS * 2 ** failures, () => this.#failed(life, NO_ANSWER));
    const locks = this.platform.locks();
    // Without locks the worker is the page's own, and neither has to know of the other's death.
    const lease = locks ? tabLease(this.#app, this.platform.uuid()) : '';
    if (locks) await hold(locks, lease, signal);
    const request = this.#attachRequests.toHub(lease, this.#tab.begunAfter());
    const reply = await hub.attach(
      request,
      this.platform.exposeSink({
        deliver: async (batch) => {
          // Unheard is not credited.
          if (!isHeard(batch.hub)) return new Promise<never>(() => {});
          this.#attachRequests.heard(batch);
          if (batch.moved) this.#moved(life);
          else this.#tab.received(batch);
        },
      }),
    );
    if (!reply.ok) throw new TrunklineError(reply.code, reply.message);
    if (!isHeard(reply.value.hub)) return;
    // A hub may have waited for long before it could take it.
    if (this.#tab.closeIfSignedOut()) return;
    const attached = { state: 'attached', life, hub } as const;
    this.#phase = attached;
    // Of a change until now nobody was told.
    const isVisible = this.platform.isVisible();
    if (isVisible !== request.visible) this.post((next) => next.signal(isVisible ? 'visible' : 'hidden'));
    this.#tab.attached(reply.value);
    this.#calls.offerAll(attached);
    this.#watchHub(life, hub);
    if (!locks || !reply.value.lease) return;
    await untilGone(locks, reply.value.lease, signal);
    this.platform.setTimer(LAST_WORDS_MS, () => this.#lost(life, 'worker'));
  }

  #watchHub(life: Lifetime, hub: HubPort): void {
    const { now, setTimer } = this.platform;
    setTimer(PING_EVERY_MS, () => {
      if (life.signal.aborted) return;
      const askedAt = now();
      let isAnswered = false;
      hub.ping().then((reply) => {
        isAnswered = true;
        if (!reply.ok) this.#lost(life, 'hub');
      });
      setTimer(PING_DEADLINE_MS, () => {
        // A page that slept has not waited for the answer.
        const wasAsleep = now() - askedAt > 2 * PING_DEADLINE_MS;
        if (life.signal.aborted) return;
        if (isAnswered || wasAsleep) this.#watchHub(life, hub);
        else this.#lost(life, 'worker', 'the hub does not answer; its worker is stuck, or stopped');
      });
    });
  }

  #startWorker(): WorkerLine {
    try {
      return this.platform.startWorker(this.#start, (why) => {
        if (this.#phase.state !== 'starting') return;
        const { life } = this.#phase;
        why().then((message) => this.#failed(life, unavailable(message)));
      });
    } catch (error) {
      throw unavailable(error);
    }
  }

  #lost(life: Lifetime, what: Gone, message?: string): void {
    if (!this.#ends(life, what)) return;
    this.#tab.connection(closedLocally('hub_lost', message));
    const isFirst = this.platform.now() - this.#lostAt > STABLE_MS;
    this.#lostAt = this.platform.now();
    this.#begin(isFirst ? 0 : STABLE_MS);
  }

  /** Another hub of this browser has the work: nothing is lost by it, and nothing is to be said about it. */
  #moved(life: Lifetime): void {
    if (this.#ends(life, 'hub')) this.#begin();
  }

  #failed(life: Lifetime, cause: unknown): void {
    if (this.#phase.state !== 'starting') return;
    const failures = this.#phase.failures + 1;
    if (!this.#ends(life, 'worker')) return;
    const isFinal = cause instanceof TrunklineError;
    if (!isFinal && failures < ATTACH_TRIES) return this.#begin(STABLE_MS, failures);
    const error = isFinal
      ? cause
      : unavailable(`${cause}; reload to continue, or close all tabs of this site`);
    this.#phase = { state: 'unavailable' };
    const { now, setTimer } = this.platform;
    setTimer(UNAVAILABLE_RETRY_MS, () => this.start());
    this.#tab.connection(closedLocally('hub_unavailable', error.message, now() + UNAVAILABLE_RETRY_MS));
    this.#calls.rejectAll(error);
  }

  /** Ends an attachment, once. False where it is over already. */
  #ends(life: Lifetime, what: Gone): boolean {
    if (life.signal.aborted || this.#phase.state === 'dead') return false;
    life.abort();
    if (what === 'worker') this.#dropWorker();
    this.#calls.hubGone();
    this.#tab.lost();
    return true;
  }

  /** Into the back/forward cache, out of which a single message that is posted to the page would throw it. */
  #sleep(): void {
    const last = this.#phase;
    if (last.state === 'idle' || last.state === 'dead') return;
    if (last.state === 'attached') last.hub.detach();
    this.#phase = { state: 'asleep' };
    // A port is closed, so that no reply comes. The page's own worker ends: frozen, it would hold what others wait for.
    if ('life' in last) this.#ends(last.life, 'worker');
  }

  #dropWorker(): void {
    this.#worker?.close();
    this.#worker = undefined;
  }
}

const unconfirmed = () =>
  new TrunklineError(
    'unconfirmed',
    `No hub has answered within ${CONFIRM_DEADLINE_MS} ms; what was asked may be done: see the outbox`,
  );
const unavailable = (why: unknown) =>
  new TrunklineError('hub_unavailable', `The hub cannot be started: ${why}`);
