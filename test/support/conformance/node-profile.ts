import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ProfileInput } from '../../../src/conformance/index.ts';
import type { Edit } from '../../simulation/mutants/mutant.ts';
import { type Controlled, controlled, type Places } from './controlled.ts';

const MUTATE = new URL('./mutate.ts', import.meta.url).href;
/** A server starts some twenty times while it is judged. */
const COMPILE_CACHE = join(tmpdir(), 'trunkline-compile-cache');
const NODE_SERVER = fileURLToPath(new URL('./node-server.ts', import.meta.url));

/** The Node server under control, changed by the edits. */
export async function nodeServer(
  memory: 'memory' | 'sqlite',
  edits: readonly Edit[] = [],
): Promise<Controlled> {
  const commandOf = ({ port, memory: file, runs }: Places) => [
    process.execPath,
    ...(edits.length > 0 ? [`--import=${MUTATE}`] : []),
    NODE_SERVER,
    ...[String(port), memory === 'memory' ? '-' : file, runs],
  ];
  return await controlled(commandOf, {
    env: { SERVER_EDITS: JSON.stringify(edits), NODE_COMPILE_CACHE: COMPILE_CACHE },
  });
}

const template = (type: string) => ({ command: { type, text: '{text}' } });

/** What the servers of these tests, in any language, are for. */
export function profileOf(controlUrl: string, { remembers }: { remembers: boolean }): ProfileInput {
  return {
    app: 'conformance',
    app_version: 3,
    people: [{ token: 'token-of-ada', slow_token: 'slow-token-of-ada' }, { token: 'token-of-grace' }],
    refused_token: 'token-of-nobody',
    refused_version: 1,
    topics: { name: 'topic:{id}', forbidden: 'forbidden' },
    commands: {
      accept: { ...template('note'), publishes: true, result: { text: '{text}' } },
      slow: { ...template('slow'), publishes: true },
      refuse: template('refuse'),
      later: template('later'),
    },
    control: {
      url: controlUrl,
      can: [
        ...(['publish', 'kill', 'stop', 'lose', 'renew', 'runs'] as const),
        ...(remembers ? (['keep', 'backup'] as const) : []),
      ],
    },
    hello_ms: 2_000,
    // A guard only: a busy machine takes long.
    patience_ms: 20_000,
  };
}
