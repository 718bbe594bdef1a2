/** `trunkline serve`: the server half as a program, for backends in any language. */
import { once } from 'node:events';
import { parseArgs } from 'node:util';
import type { TellIncident } from '../gateway/backend/incidents.ts';
import { memoryLog } from '../server/log/memory-log.ts';

export const SERVE_USAGE = `trunkline serve --config FILE
  Serves browsers, and speaks plain HTTP with a backend in any language.`;

/** Resolves with the exit status when it was told to end: 0, or 1 where it could not begin. */
export async function serveCommand(args: readonly string[]): Promise<number> {
  // Looked for only where it is needed, as whatever one command alone needs.
  const { readConfig } = await import('../gateway/config/read.ts');
  const { serve } = await import('../gateway/serve.ts');
  const { backendOf } = await import('../gateway/backend/config.ts');
  const { webhookBackend } = await import('../gateway/backend/webhook.ts');
  const { peopleOf } = await import('../gateway/people/config.ts');
  const { values } = parseArgs({ args: [...args], options: { config: { type: 'string' } } });
  const config = readConfig(values.config ?? 'trunkline.json');
  const tell: TellIncident = ({ about, message }) => console.error(`${about}: ${message}`);
  const gateway = await serve(config, {
    log: await logOf(config.log),
    ...(config.backend && { backend: webhookBackend(backendOf('backend', config.backend, tell)) }),
    people: peopleOf(config, tell),
    report: (error, about) => console.error(`${about}:`, error),
  });
  console.log(`listening on ${gateway.url}; control on ${gateway.controlUrl}`);
  await Promise.race([once(process, 'SIGTERM'), once(process, 'SIGINT')]);
  await gateway.close();
  return 0;
}

async function logOf(url: string) {
  if (url === 'memory:') return memoryLog();
  const { sqliteLog } = await import('../server/sqlite/index.ts');
  return sqliteLog(url.replace(/^sqlite:/, ''));
}
