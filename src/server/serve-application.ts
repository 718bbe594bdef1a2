/** How a server is put together of its logic, its log and its sockets, and how it closes. */
import type { Typed } from '../protocol/interpret.ts';
import type { Application } from './core/application.ts';
import { Broker, type BrokerOptions } from './core/broker.ts';
import { resolveLimits } from './core/limits.ts';
import type { Publishing } from './core/publication.ts';
import { refusals } from './core/refusals.ts';
import type { EventPlace, PublicationName } from './log/event-log.ts';
import { memoryLog } from './log/memory-log.ts';
import { needNode } from './need-node.ts';
import { systemClock } from './system-clock.ts';
import { ANONYMOUS, type Server, type ServerOptions } from './types.ts';
import { originPolicy } from './websocket/origin.ts';
import { webSocketShell } from './websocket/shell.ts';

const DRAIN_MS = 10_000;

/** A `Server` whose events have no types. */
export interface ApplicationServer extends Omit<Server<never>, 'publish'> {
  publish(topic: string, event: Typed): Promise<{ epoch: string; offset: number }>;
  /**
   * Publishes events: all of them, in their order, or none; resolves with where each went when they are in the log.
   * Rejects as `publish` of `Server` does. With a name, one that was published before under that name is not published again, and
   * answered as it was; rejects with a `PublicationKeyReused` where that was another one, and with a `TooManyPublicationNames` where the log
   * remembers no more of them for now.
   */
  publishAll(publishings: readonly Publishing[], name?: PublicationName): Promise<readonly EventPlace[]>;
}

export function serveApplication(
  application: Application,
  options: Omit<ServerOptions<never>, 'commands'> & Pick<BrokerOptions, 'rightsChanged'>,
): ApplicationServer {
  // For `AbortSignal.any`.
  needNode('20.3', 'trunkline/server');
  const { authenticate, authorize, rightsChanged, acceptsVersions = () => true, log = memoryLog() } = options;
  const { onError = (error, about) => console.error(`trunkline: ${about}:`, error) } = options;
  const limits = resolveLimits(options.limits);
  const isAllowed = originPolicy(options.allowedOrigins);
  const broker = new Broker({
    application,
    log,
    clock: systemClock,
    limits,
    countsConnections: authenticate !== undefined,
    newSession: () => crypto.randomUUID(),
    acceptsVersion: acceptsVersions,
    // Only a plain yes is one, whatever a function without types answers.
    authorize: async (principal, topic, action, claims) =>
      authorize ? (await authorize(principal, topic, action, claims)) === true : true,
    ...(rightsChanged && { rightsChanged }),
    report: onError,
  });
  const tellRefusal = refusals(broker.report);
  const shell = webSocketShell({
    isAllowed,
    isClosing: () => broker.closing,
    refused: (request, refusal) => {
      broker.upgradeRefused();
      if (refusal) tellRefusal(request.headers.origin, refusal);
    },
    maxFrameBytes: limits.maxFrameBytes,
    perMessageDeflate: options.perMessageDeflate ?? false,
    connect: (peer, request) =>
      broker.connect(
        peer,
        async (token, signal) => {
          if (!authenticate) return ANONYMOUS;
          return await authenticate(token, request, signal);
        },
        (refusal) => tellRefusal(request.headers.origin, refusal),
      ),
  });
  return {
    attach: (server, { path } = {}) => shell.attach(server, path ?? null),
    ready: async () => await broker.ready(),
    publish: async (topic, event) => await broker.publish(topic, event),
    publishAll: async (publishings, name) => await broker.publishAll(publishings, name),
    disconnect: (principal) => broker.disconnect(principal),
    recheck: (principal) => broker.recheck(principal),
    endTopic: async (topic) => await broker.endTopic(topic),
    async close({ drainMs = DRAIN_MS, spreadMs = 0 } = {}) {
      await broker.close(drainMs, spreadMs);
      shell.detach();
    },
    health: () => broker.health,
    stats: () => broker.stats(),
  };
}
