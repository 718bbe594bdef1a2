import { fileURLToPath } from 'node:url';
import type { ProfileInput } from '../../../src/conformance/index.ts';
import { type Controlled, controlled } from './controlled.ts';

const NODE_SERVER = fileURLToPath(new URL('./node-server.ts', import.meta.url));

/** The Node server under control; `imports` are loaded ahead of it. */
export async function nodeServer(
  memory: 'memory' | 'sqlite',
  imports: readonly string[] = [],
): Promise<Controlled> {
  return await controlled(({ port, memory: file, runs }) => [
    process.execPath,
    ...imports.map((path) => `--import=${path}`),
    NODE_SERVER,
    ...[String(port), memory === 'memory' ? '-' : file, runs],
  ]);
}

const template = (type: string) => ({ command: { type, text: '{text}' } });

/** What the servers of these tests, in any language, are for. */
export function profileOf(controlUrl: string, { remembers }: { remembers: boolean }): ProfileInput {
  return {
    app: 'conformance',
    app_version: 3,
    people: [{ token: 'token-of-ada' }, { token: 'token-of-grace' }],
    refused_token: 'token-of-nobody',
    topics: { name: 'topic:{id}', forbidden: 'forbidden' },
    commands: {
      accept: { ...template('note'), publishes: true },
      slow: { ...template('slow'), publishes: true },
      refuse: template('refuse'),
      later: template('later'),
    },
    control: {
      url: controlUrl,
      can: ['publish', 'kill', 'stop', ...(remembers ? ['keep' as const] : []), 'lose', 'runs'],
    },
    hello_ms: 2_000,
  };
}
