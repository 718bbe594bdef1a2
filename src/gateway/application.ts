/** What events and commands mean: by a module of the application's own, or whatever they say of themselves. */
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { AnyProtocol } from '../protocol/types.ts';
import { type Application, definedApplication } from '../server/core/application.ts';
import { anyProtocol } from './any-protocol.ts';
import type { Config } from './config/schema.ts';
import { WrongFields } from './config/wrong-fields.ts';

/** @throws WrongFields where the protocol module is none. */
export async function applicationOf(
  { protocol, app = '', version = 1, events }: Pick<Config, 'protocol' | 'app' | 'version' | 'events'>,
  handlerOf: Application['handlerOf'],
): Promise<Application> {
  const application =
    protocol === undefined
      ? anyProtocol({ app, version, events, handlerOf })
      : definedApplication(await protocolIn(protocol), handlerOf);
  return { ...application, isRunByOthers: true };
}

async function protocolIn(path: string): Promise<AnyProtocol> {
  let module: { readonly default?: unknown };
  try {
    module = await import(pathToFileURL(resolve(path)).href);
  } catch (error) {
    const why = error instanceof Error ? error.message : error;
    throw wrong(`${path} cannot be loaded: ${why}`, { cause: error });
  }
  if (isProtocol(module.default)) return module.default;
  throw wrong(`the default export of ${path} is not what \`defineProtocol\` makes`);
}

function wrong(reason: string, options?: ErrorOptions): WrongFields {
  return new WrongFields([{ path: ['protocol'], reason }], options);
}

/** `defineProtocol` has checked the rest. */
function isProtocol(value: unknown): value is AnyProtocol {
  if (typeof value !== 'object' || value === null) return false;
  const { app, version, events, commands } = value as Partial<Record<keyof AnyProtocol, unknown>>;
  const areTables = [events, commands].every((table) => typeof table === 'object' && table !== null);
  return typeof app === 'string' && typeof version === 'number' && areTables;
}
