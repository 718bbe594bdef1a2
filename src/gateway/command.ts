/** The gateway as a command: its arguments, its signals, and the exit status. */
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { logOf, logTrouble } from '../server/address/index.ts';
import { backendOf } from './backend/config.ts';
import type { TellIncident } from './backend/incidents.ts';
import { webhookBackend } from './backend/webhook.ts';
import { ConfigError } from './config/config-error.ts';
import { writeExample } from './config/example.ts';
import { flagNames, unknownVariables } from './config/overrides.ts';
import { FIELDS, type Read, readConfig } from './config/read.ts';
import type { Config } from './config/schema.ts';
import { secretAt } from './config/secret.ts';
import { allOf, ofField, WrongFields } from './config/wrong-fields.ts';
import { peopleOf } from './people/config.ts';
import { serve } from './serve.ts';

const USUAL_FILE = 'trunkline.json';
/** For as long the end of another one is waited for that has an SQLite log, as in a rolling deploy. */
const LOG_WAIT_MS = 60_000;
/** After which a person is told what is waited for. */
const TELL_MS = 2_000;
const OWN_OPTIONS = {
  config: { type: 'string' },
  init: { type: 'boolean' },
  check: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const;

/**
 * Resolves with the exit status: 0 when it was told to end and has, 1 where it could not begin, 2 for wrong arguments and
 * a wrong configuration.
 */
export async function gatewayCommand(args: readonly string[], usage: string): Promise<number> {
  try {
    const wanted = read(args, usage);
    switch (wanted.state) {
      case 'help':
        console.log(usage);
        return 0;
      case 'init':
        writeExample(wanted.file);
        console.log(`${wanted.file} is an example; \`trunkline serve --config ${wanted.file}\` goes by it.`);
        return 0;
      case 'check':
        console.log('All that it is told can be read.');
        return 0;
      case 'serve':
        return await untilToldToEnd(wanted.config).catch((error) => {
          throw error instanceof WrongFields ? wanted.errorOf(error) : error;
        });
    }
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    console.error(error.message);
    return 2;
  }
}

type Wanted =
  | { readonly state: 'help' | 'check' }
  | { readonly state: 'init'; readonly file: string }
  | ({ readonly state: 'serve' } & Read);

/** @throws ConfigError */
function read(args: readonly string[], usage: string): Wanted {
  const ofFields = flagNames(FIELDS).map((name) => [name, { type: 'string' }] as const);
  let values: Record<string, string | boolean | undefined>;
  try {
    ({ values } = parseArgs({
      args: [...args],
      options: { ...Object.fromEntries(ofFields), ...OWN_OPTIONS },
    }));
  } catch (error) {
    throw new ConfigError(`${error instanceof Error ? error.message : error}\n\n${usage}`);
  }
  const { config = process.env['TRUNKLINE_CONFIG'], init, check, help, ...rest } = values;
  if (help === true) return { state: 'help' };
  const named = typeof config === 'string' ? config : null;
  if (init === true) return { state: 'init', file: named ?? USUAL_FILE };
  const flags = Object.fromEntries(
    Object.entries(rest).flatMap(([name, value]) => (typeof value === 'string' ? [[name, value]] : [])),
  );
  const file = named ?? (existsSync(USUAL_FILE) ? USUAL_FILE : null);
  const read = readConfig({ file, flags, env: process.env });
  for (const name of unknownVariables(FIELDS, process.env))
    console.error(`The variable ${name} sets no field of the configuration.`);
  return check === true ? { state: 'check' } : { state: 'serve', ...read };
}

const tell: TellIncident = ({ about, message }) => console.error(`${about}: ${message}`);

/** @throws WrongFields for what only shows when it is tried. */
async function untilToldToEnd(config: Config): Promise<number> {
  const report = (error: unknown, about: string) => console.error(`${about}:`, error);
  const { env } = process;
  const { key } = config.control;
  const { backend, ...parts } = allOf({
    backend: () => config.backend && webhookBackend(backendOf(['backend'], config.backend, env, tell)),
    people: () => peopleOf(config, env, tell),
    key: () => (key ? ofField(['control', 'key'], () => secretAt(key, env)) : null),
  });
  try {
    const { log, limits } = await logOf(config.log, {
      waitMs: LOG_WAIT_MS,
      onTrouble: logTrouble(report, (message) => console.error(message)),
    });
    const tellWait = setTimeout(
      () => console.log('waiting for the log: another one has it, or it is away'),
      TELL_MS,
    );
    const gateway = await serve(config, {
      log,
      logLimits: limits,
      ...(backend && { backend }),
      ...parts,
      report,
    }).finally(() => clearTimeout(tellWait));
    console.log(`listening on ${gateway.url}; control on ${gateway.controlUrl}`);
    // A second signal ends the process at once, as it would have without us.
    await Promise.race([once(process, 'SIGTERM'), once(process, 'SIGINT')]);
    console.log('ending: what runs is answered first');
    await gateway.close();
    return 0;
  } catch (error) {
    if (error instanceof WrongFields) throw error;
    console.error(error instanceof Error ? error.message : error);
    return 1;
  }
}
