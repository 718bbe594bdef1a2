/** How a server is put together, and how it closes. */
import type { Typed } from '../protocol/interpret.ts';
import type { AnyProtocol } from '../protocol/types.ts';
import { Broker } from './core/broker.ts';
import type { AnyHandler } from './core/execute.ts';
import { resolveLimits } from './core/limits.ts';
import { memoryLog } from './log/memory-log.ts';
import { systemClock } from './system-clock.ts';
import { ANONYMOUS, type Server, type ServerOptions } from './types.ts';
import { originPolicy } from './websocket/origin.ts';
import { refusedOrigins } from './websocket/refused-origins.ts';
import { webSocketShell } from './websocket/shell.ts';

const DRAIN_MS = 10_000;

/**
 * The server half: speaks `trunkline.v1` with the hubs of all browsers.
 *
 * @throws TypeError for a command without a handler, and for an origin in `allowedOrigins` that no browser would send;
 * RangeError for a limit that is not a positive number, or longer than a timer holds.
 */
export function createServer<P extends AnyProtocol>(protocol: P, options: ServerOptions<P>): Server<P> {
  const { authenticate, authorize, acceptsVersions = () => true, log = memoryLog() } = options;
  const { onError = (error, about) => console.error(`trunkline: ${about}:`, error) } = options;
  checkHandlers(protocol, options.commands);
  const limits = resolveLimits(options.limits);
  const isAllowed = originPolicy(options.allowedOrigins);
  const broker = new Broker({
    protocol,
    // `Handlers<P>` has checked them; from here on a command's type is its name.
    handlers: options.commands as unknown as Record<string, AnyHandler>,
    log,
    clock: systemClock,
    limits,
    countsConnections: authenticate !== undefined,
    newSession: () => crypto.randomUUID(),
    acceptsVersion: acceptsVersions,
    // Only a plain yes is one, whatever a function without types answers.
    authorize: async (principal, topic, action, claims) =>
      authorize ? (await authorize(principal, topic, action, claims)) === true : true,
    report: onError,
  });
  const tellOrigin = refusedOrigins(broker.report);
  const shell = webSocketShell({
    isAllowed,
    isClosing: () => broker.closing,
    refused: (forbiddenOrigin) => {
      broker.upgradeRefused();
      tellOrigin(forbiddenOrigin);
    },
    maxFrameBytes: limits.maxFrameBytes,
    connect: (peer, request) =>
      broker.connect(peer, async (token, signal) => {
        if (!authenticate) return ANONYMOUS;
        return await authenticate(token, request, signal);
      }),
  });
  return {
    attach: (server, { path } = {}) => shell.attach(server, path ?? null),
    ready: async () => await broker.ready(),
    publish: async (topic, event) => await broker.publish(topic, event as unknown as Typed),
    disconnect: (principal) => broker.disconnect(principal),
    recheck: (principal) => broker.recheck(principal),
    async close({ drainMs = DRAIN_MS, spreadMs = 0 } = {}) {
      await broker.close(drainMs, spreadMs);
      shell.detach();
    },
    health: () => broker.health,
    stats: () => broker.stats(),
  };
}

/** For those who do not compile their server. */
function checkHandlers({ commands }: AnyProtocol, handlers: object): void {
  for (const type of Object.keys(commands)) {
    if (!Object.hasOwn(handlers, type)) {
      throw new TypeError(`createServer: \`commands\` has no handler for ${JSON.stringify(type)}`);
    }
  }
}
