/** A server by the application's definition. */
import type { Typed } from '../protocol/interpret.ts';
import type { AnyProtocol } from '../protocol/types.ts';
import { type AnyHandler, definedApplication, handlersByType } from './core/application.ts';
import { serveApplication } from './serve-application.ts';
import type { Server, ServerOptions } from './types.ts';

/**
 * The server half: speaks `trunkline.v1` with the hubs of all browsers.
 *
 * @throws TypeError for a command without a handler, and for an origin in `allowedOrigins` that no browser would send;
 * RangeError for a limit that is not a positive number, or longer than a timer holds; Error where Node is older than 20.3.
 */
export function createServer<P extends AnyProtocol>(protocol: P, options: ServerOptions<P>): Server<P> {
  checkHandlers(protocol, options.commands);
  // `Handlers<P>` has checked them; from here on a command's type is its name.
  const handlers = options.commands as unknown as Record<string, AnyHandler>;
  const application = definedApplication(protocol, handlersByType(handlers));
  const { publishAll: _, ...server } = serveApplication(application, options);
  return {
    ...server,
    publish: async (topic, event) => await server.publish(topic, event as unknown as Typed),
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
