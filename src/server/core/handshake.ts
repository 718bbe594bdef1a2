/** Decides whether a socket may become a connection: which application and version, whose token, how many there are. */
import type { ClientFrameOf } from '../../protocol/frames/index.ts';
import type { Admission, Admitted, ClientKey, EventLog, Principal } from '../log/event-log.ts';
import type { Application } from './application.ts';
import type { AtWork, ToldRun } from './at-work.ts';
import type { Batches } from './batches.ts';
import type { Fence } from './fence.ts';
import { DISCONNECTED, type Goodbye, overloaded, SUPERSEDED } from './goodbye.ts';
import type { Limits } from './limits.ts';
import type { LogOpening } from './log-opening.ts';
import type { Clock } from './peer.ts';
import { type Person, personOf } from './person.ts';
import type { ServerTime } from './server-time.ts';
import { unlessAborted } from './unless-aborted.ts';

/** Answers who holds this token, as `personOf` reads it. The signal is aborted where nobody waits for the answer any more. */
export type Authenticate = (token: string | undefined, signal: AbortSignal) => Promise<unknown>;

export interface HandshakeServices {
  readonly application: Pick<Application, 'app' | 'version'>;
  readonly log: EventLog;
  readonly opening: LogOpening;
  readonly admissions: Batches<Admission, Admitted>;
  readonly atWork: AtWork;
  readonly fence: Fence;
  readonly clock: Clock;
  readonly time: ServerTime;
  readonly limits: Limits;
  /** Whether `limits.connectionsPerPrincipal` counts. */
  readonly countsConnections: boolean;
  acceptsVersion(appVersion: number): boolean;
}

/** What a connection is told with its welcome. */
export interface Welcome {
  readonly client: ClientKey;
  readonly person: Person;
  /** The largest message that the client reads. */
  readonly maxBytes: number;
  readonly serverTime: number;
  /** Of the client's admission in the log. */
  readonly position: number;
  readonly rememberedSince: number;
  readonly runs: readonly ToldRun[];
}
type Answer =
  | { readonly state: 'welcome'; readonly welcome: Welcome }
  | { readonly state: 'refused'; readonly goodbye: Goodbye };

const DEFAULT_CLIENT_LIMIT_BYTES = 16_777_216;
/** A log that took longer is asked once more. */
const LATE_MS = 1_000;
/** After which a client whose connections overtook each other tries again. */
const OVERTAKEN_RETRY_MS = 500;

export class Handshake {
  readonly #services: HandshakeServices;
  readonly #authenticate: Authenticate;
  readonly #address: string;
  readonly #over = new AbortController();
  /** Whose connections were ended while the token was looked at. */
  readonly #disconnected = new Set<Principal>();
  #principal: Principal | null = null;

  constructor(services: HandshakeServices, authenticate: Authenticate, address: string) {
    this.#services = services;
    this.#authenticate = authenticate;
    this.#address = address;
  }

  /** Known as soon as the token was accepted. */
  get principal(): Principal | null {
    return this.#principal;
  }

  /** The connections of a principal are being ended: where this turns out to be one of them, it is refused. */
  disconnect(principal: Principal): void {
    if (this.#principal === null) this.#disconnected.add(principal);
  }

  /** Nobody waits for its answer any more: `answer` rejects with this error. */
  abort(error: Error): void {
    this.#over.abort(error);
  }

  async answer(hello: ClientFrameOf['hello']): Promise<Answer> {
    const { opening, admissions, log, time, atWork } = this.#services;
    const maxBytes = hello.max_frame_bytes ?? DEFAULT_CLIENT_LIMIT_BYTES;
    const unsupported = this.#whyUnsupported(hello);
    if (unsupported) return refused(unsupported);
    const run = await unlessAborted(this.#over.signal, opening.opened());
    // Before the token is looked at, which may take long: what another server does meanwhile is later than this `hello`.
    const seen = await log.position();
    const person = await this.#ask(hello.token);
    if (person === null) {
      const refusal = hello.token === undefined ? 'no_token' : 'token';
      return refused({ code: 'unauthorized', message: 'the token was not accepted', retry: true, refusal });
    }
    const { principal } = person;
    this.#principal = principal;
    if (this.#disconnected.has(principal)) return refused(DISCONNECTED);
    const client: ClientKey = { principal, clientId: hello.client_id };
    const crowded = this.#whyTooMany(client);
    if (crowded) return refused(crowded);
    const admitted = await admissions.add({ client, term: hello.term, run, seen });
    if (admitted.status !== 'admitted') return refused(whyNotAdmitted(admitted));
    // No later than what is recorded, by which a server that starts now goes on.
    let serverTime = admitted.time;
    time.atLeast(serverTime);
    // Clients take it for the present time: what was recorded long ago, by a log that took long, would put their clocks back.
    if (time.now() - serverTime > LATE_MS) serverTime = await atWork.tell();
    const known = await atWork.runs();
    const rememberedSince = await log.dedupeSince();
    this.#over.signal.throwIfAborted();
    const runs = known.filter(({ until = Infinity }) => until >= rememberedSince);
    const { position } = admitted;
    const welcome = { client, person, maxBytes, serverTime, position, rememberedSince, runs };
    return { state: 'welcome', welcome };
  }

  #whyUnsupported({ app, app_version }: ClientFrameOf['hello']): Goodbye | null {
    const { application, acceptsVersion } = this.#services;
    const unsupported = { code: 'unsupported', retry: false } as const;
    if (app !== application.app) {
      const message = `this server is for ${JSON.stringify(application.app)}`;
      return { ...unsupported, message, refusal: 'application' };
    }
    if (acceptsVersion(app_version)) return null;
    const message = `version ${app_version} of ${app} is not accepted here`;
    return { ...unsupported, message, refusal: 'version' };
  }

  #whyTooMany(client: ClientKey): Goodbye | null {
    const { fence, limits, countsConnections } = this.#services;
    if (countsConnections && fence.othersOf(client) >= limits.connectionsPerPrincipal) {
      const message = `more than ${limits.connectionsPerPrincipal} connections of one principal`;
      return overloaded(message, 'connections_of_principal');
    }
    if (fence.othersFrom(this.#address, client) >= limits.connectionsPerAddress) {
      const message = `more than ${limits.connectionsPerAddress} connections from one address`;
      return overloaded(message, 'connections_from_address');
    }
    return null;
  }

  /** Rejects where the answer takes too long, or nobody waits for it any more. */
  async #ask(token: string | undefined): Promise<Person | null> {
    const { clock, limits } = this.#services;
    const late = new AbortController();
    const cancel = clock.setTimer(limits.authenticateMs, () =>
      late.abort(
        new Error(`authenticate took longer than limits.authenticateMs (${limits.authenticateMs} ms)`),
      ),
    );
    const signal = AbortSignal.any([this.#over.signal, late.signal]);
    try {
      return personOf(await unlessAborted(signal, this.#authenticate(token, signal)));
    } finally {
      cancel();
    }
  }
}

function whyNotAdmitted({ status }: Exclude<Admitted, { status: 'admitted' }>): Goodbye {
  switch (status) {
    case 'foreign': {
      const message = 'this client_id belongs to another principal';
      return { code: 'identity_mismatch', message, retry: false, refusal: 'foreign_client' };
    }
    case 'superseded':
      return SUPERSEDED;
    case 'overtaken': {
      const message = 'this client connected elsewhere at the same time; try again';
      return { ...overloaded(message), retryAfterMs: OVERTAKEN_RETRY_MS };
    }
  }
}

function refused(goodbye: Goodbye): Answer {
  return { state: 'refused', goodbye };
}
