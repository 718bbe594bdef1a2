/** The server without its sockets: all of the protocol, on a clock, peers and a log that it is given. */
import type { Typed } from '../../protocol/interpret.ts';
import type {
  Admission,
  CommandKey,
  EventLog,
  EventPlace,
  Happening,
  Principal,
  PublicationName,
  Standing,
} from '../log/event-log.ts';
import { placesOf } from '../log/publications.ts';
import type { Claims } from '../types.ts';
import type { Application } from './application.ts';
import { AtWork } from './at-work.ts';
import { Batches } from './batches.ts';
import { Commands } from './command-lanes.ts';
import { Connection, type ConnectionServices } from './connection.ts';
import { deferred } from './deferred.ts';
import { beginAhead, execute } from './execute.ts';
import { Fence } from './fence.ts';
import type { Authenticate } from './handshake.ts';
import { Handshakes } from './handshakes.ts';
import type { Limits } from './limits.ts';
import { LogOpening } from './log-opening.ts';
import { checkTopic } from './names.ts';
import type { Clock, Inbound, Peer } from './peer.ts';
import {
  PublicationKeyReused,
  type Publishing,
  publicationOf,
  TooManyPublicationNames,
} from './publication.ts';
import type { Refusal } from './refusals.ts';
import { neverFailing, onceEach, type Report } from './report.ts';
import { ServerTime } from './server-time.ts';
import { type Health, noStats, type ServerStats } from './stats.ts';
import { Topics } from './topics.ts';
import { withdraw } from './withdraw.ts';
import { Writer } from './writer.ts';

export interface BrokerOptions {
  readonly application: Application;
  readonly log: EventLog;
  readonly clock: Clock;
  readonly limits: Limits;
  readonly countsConnections: boolean;
  newSession(): string;
  acceptsVersion(appVersion: number): boolean;
  authorize(principal: Principal, topic: string, action: 'read' | 'write', claims: Claims): Promise<boolean>;
  /** Whatever is remembered of a principal's rights counts no more: they are ended, or asked for anew, on some server. */
  rightsChanged?(principal: Principal): void;
  /** What has nowhere else to go. It may throw. */
  report(error: unknown, about: string): void;
}

const HOUSEKEEPING_MS = 60_000;
/** What is being written when everybody is gone may take so long, or as long as what ran was given: a log may be away for ever. */
const LAST_WRITES_MS = 2_000;

export class Broker {
  /** As in the options, but it never fails. */
  readonly report: Report;
  readonly #options: BrokerOptions;
  readonly #services: ConnectionServices;
  readonly #stats: ServerStats = noStats();
  readonly #topics = new Topics();
  readonly #commands: Commands;
  readonly #writer: Writer;
  readonly #connections = new Set<Connection>();
  readonly #handshakes: Handshakes;
  readonly #time: ServerTime;
  readonly #opening: LogOpening;
  readonly #atWork: AtWork;
  #standing: Standing = { state: 'current' };
  #closing: Promise<void> | null = null;
  /** Each at another time, so that they do not come to the next server at once. */
  readonly #comesBackAfter = new WeakMap<Connection, number>();
  #allEnded = deferred<void>();
  #cancelHousekeeping: () => void;

  constructor(options: BrokerOptions) {
    const { application, log, clock, limits, authorize, acceptsVersion } = options;
    const stats = this.#stats;
    const report = neverFailing(options.report);
    const time = new ServerTime(clock);
    const hear = (happenings: readonly Happening[]) => {
      for (const happening of happenings) this.#hear(happening);
    };
    const opening = new LogOpening(log, time, limits, hear, report);
    // Reported already; whoever needs it tries again.
    opening.opened().catch(() => {});
    this.#options = options;
    this.report = report;
    this.#time = time;
    this.#opening = opening;
    this.#atWork = new AtWork(log, opening, clock, time, report);
    const writer = new Writer(log, opening, clock, time, this.#topics, stats);
    this.#writer = writer;
    const admissions = new Batches(clock, (all: readonly Admission[]) => log.admit(all, time.now()));
    const begins = new Batches(clock, (commands: readonly CommandKey[]) => log.begin(commands, time.now()));
    const executeServices = {
      application,
      log,
      writer,
      begins,
      clock,
      time,
      limits,
      stats,
      report,
      acceptsVersion,
      reportOnce: onceEach(report),
    };
    this.#commands = new Commands(
      (frame, requester, turn) => execute(executeServices, frame, requester, turn),
      (frame, requester) => beginAhead(executeServices, frame, requester),
      (command, requester) => withdraw({ log, time, stats, report }, command, requester),
      stats,
      limits,
    );
    this.#handshakes = new Handshakes(limits.handshakes);
    this.#services = {
      ...options,
      report,
      time,
      opening,
      admissions,
      atWork: this.#atWork,
      stats,
      topics: this.#topics,
      commands: this.#commands,
      fence: new Fence(),
      handshakes: this.#handshakes,
      mayRead: (principal, topic, claims) => authorize(principal, topic, 'read', claims),
      mayWrite: (principal, topic, claims) => authorize(principal, topic, 'write', claims),
      ended: (connection) => this.#ended(connection),
    };
    this.#cancelHousekeeping = clock.setTimer(HOUSEKEEPING_MS, () => this.#keepHouse());
  }

  /** Nobody is served any more. */
  get closing(): boolean {
    return this.#closing !== null || this.#standing.state === 'diverged';
  }

  get health(): Health {
    if (this.#standing.state === 'diverged') return 'diverged';
    if (this.#closing) return 'draining';
    if (this.#opening.openedAt === null) {
      // A balancer that waits for it sends nobody who would try again.
      this.#opening.opened().catch(() => {});
      return 'opening';
    }
    return this.#standing.state === 'behind' ? 'behind' : 'ready';
  }

  /** @param refused told where it is refused before its welcome, by what whoever runs the server can change */
  connect(peer: Peer, authenticate: Authenticate, refused?: (refusal: Refusal) => void): Inbound {
    this.#stats.socketsOpened += 1;
    const connection = new Connection(peer, authenticate, this.#services, refused);
    this.#connections.add(connection);
    this.#handshakes.enter(connection);
    this.#atWork.begin();
    if (this.closing) this.#sayDraining(connection);
    return connection;
  }

  upgradeRefused(): void {
    this.#stats.upgradesRefused += 1;
  }

  async ready(): Promise<void> {
    await this.#opening.opened();
  }

  async publish(topic: string, event: Typed): Promise<EventPlace> {
    const [place] = await this.publishAll([{ topic, event }]);
    if (!place) throw new Error('publish: the event log did not answer with the event');
    return place;
  }

  /** All of them, in their order, or none; where one of that name was published before, what came of that. */
  async publishAll(
    publishings: readonly Publishing[],
    name?: PublicationName,
  ): Promise<readonly EventPlace[]> {
    const { application, limits } = this.#options;
    const publications = publishings.map((one) => publicationOf(application, one, limits.maxEventBytes));
    const committed = await this.#writer.append({ publications, command: null, expects: [], name });
    switch (committed.status) {
      case 'committed':
        return placesOf(committed.events);
      case 'repeated':
        return committed.places;
      case 'key_reused':
        throw new PublicationKeyReused();
      case 'too_many_names':
        throw new TooManyPublicationNames(committed.names);
      case 'too_large': {
        const { bytes, maxBytes } = committed;
        throw new TypeError(
          `publish: with all who must acknowledge it, it is ${bytes} bytes, and the log takes ${maxBytes}`,
        );
      }
      default:
        throw new Error(`publish: the event log answered ${committed.status}, as if it were a command`);
    }
  }

  disconnect(principal: Principal): Promise<void> {
    this.#disconnect(principal);
    return this.#elsewhere('ending the connections of a principal to other servers', (log, run) =>
      log.disconnect(principal, run),
    );
  }

  recheck(principal: Principal): Promise<void> {
    this.#recheck(principal);
    return this.#elsewhere('having the rights of a principal judged anew by other servers', (log, run) =>
      log.recheck(principal, run),
    );
  }

  async endTopic(topic: string): Promise<void> {
    checkTopic('endTopic', topic);
    await this.#opening.opened();
    await this.#options.log.endTopic(topic, this.#time.now());
  }

  close(drainMs: number, spreadMs = 0): Promise<void> {
    this.#closing ??= this.#close(drainMs, spreadMs);
    return this.#closing;
  }

  stats(): ServerStats {
    const { topics, subscriptions } = this.#topics.counts();
    return structuredClone({
      ...this.#stats,
      health: this.health,
      connections: [...this.#connections].filter(({ session }) => session !== null).length,
      handshakes: this.#handshakes.size,
      topics,
      subscriptions,
      commands: { ...this.#stats.commands, inProgress: this.#commands.inProgress },
    });
  }

  /** What happens on the log, whichever server does it. */
  #hear(happening: Happening): void {
    const isOwn = (run: string) => run === this.#opening.run;
    switch (happening.kind) {
      case 'committed':
        this.#topics.committed(happening.events);
        return;
      case 'admitted':
        if (isOwn(happening.run)) return;
        this.#services.fence.admittedElsewhere(
          happening.client,
          happening.position,
          this.#options.clock.elapsed,
        );
        return;
      case 'disconnected':
        if (!isOwn(happening.run)) this.#disconnect(happening.principal);
        return;
      case 'rechecked':
        if (!isOwn(happening.run)) this.#recheck(happening.principal);
        return;
      case 'ended':
        this.#topics.ended(happening.topics);
        return;
      case 'time':
        this.#time.follow(happening.now);
        return;
      case 'stands':
        this.#stands(happening.standing);
    }
  }

  #stands(standing: Standing): void {
    this.#standing = standing;
    const { state } = standing;
    this.#commands.refuseNew(state === 'behind' ? 'this server knows less than others do for now' : null);
    if (state !== 'diverged') return;
    this.report(
      new Error(
        `log_diverged: ${standing.why}. This server serves nobody any more: where the log was restored from a backup, end all of its servers and run \`trunkline log renew\`; then start it anew, without what it has kept of the log`,
      ),
      'applying the log',
    );
    for (const connection of [...this.#connections]) this.#sayDraining(connection);
  }

  #disconnect(principal: Principal): void {
    this.#options.rightsChanged?.(principal);
    this.#commands.startNoMoreOf(principal);
    for (const connection of [...this.#connections]) connection.disconnect(principal);
  }

  #recheck(principal: Principal): void {
    this.#options.rightsChanged?.(principal);
    for (const connection of [...this.#connections]) connection.recheck(principal);
  }

  /** Has the other servers of the log hear of what this one does. Where that fails it is reported, also if nobody waits for it. */
  #elsewhere(about: string, tell: (log: EventLog, run: string) => Promise<void>): Promise<void> {
    const told = this.#opening.opened().then((run) => tell(this.#options.log, run));
    told.catch((error) => this.report(error, about));
    return told;
  }

  async #close(drainMs: number, spreadMs: number): Promise<void> {
    const { clock, log } = this.#options;
    this.#cancelHousekeeping();
    const count = this.#connections.size;
    for (const [place, connection] of [...this.#connections].entries())
      this.#comesBackAfter.set(connection, Math.floor((spreadMs * place) / count));
    const late = deferred<void>();
    const cancel = clock.setTimer(drainMs, () => late.resolve());
    const finished = [...this.#connections].map((connection) => this.#drain(connection));
    await Promise.race([Promise.all([...finished, this.#commands.stop()]), late.promise]);
    for (const connection of [...this.#connections]) this.#sayDraining(connection);
    if (this.#connections.size > 0) await this.#allEnded.promise;
    const last = deferred<void>();
    const cancelLast = clock.setTimer(LAST_WRITES_MS, () => last.resolve());
    await Promise.race([this.#writer.idle(), Promise.all([late.promise, last.promise])]);
    cancel();
    cancelLast();
    await this.#atWork.close();
    await log.close();
  }

  /** Answers what runs; then says goodbye. */
  async #drain(connection: Connection): Promise<void> {
    if (connection.session) await this.#commands.settled(connection.session);
    this.#sayDraining(connection);
  }

  #sayDraining(connection: Connection): void {
    const retryAfterMs = this.#comesBackAfter.get(connection) ?? 0;
    const goodbye = { code: 'draining', message: 'the server is going down', retry: true } as const;
    connection.goodbye(retryAfterMs === 0 ? goodbye : { ...goodbye, retryAfterMs });
  }

  #ended(connection: Connection): void {
    this.#connections.delete(connection);
    if (this.#connections.size > 0) return;
    this.#atWork.end();
    if (this.#closing) this.#allEnded.resolve();
  }

  #keepHouse(): void {
    const { clock } = this.#options;
    this.#services.fence.prune(clock.elapsed);
    this.#keepLog().catch((error) => this.report(error, 'pruning the event log'));
    this.#cancelHousekeeping = clock.setTimer(HOUSEKEEPING_MS, () => this.#keepHouse());
  }

  async #keepLog(): Promise<void> {
    try {
      await this.#opening.opened();
    } catch {
      // Reported.
      return;
    }
    await this.#options.log.prune(this.#time.now());
  }
}
