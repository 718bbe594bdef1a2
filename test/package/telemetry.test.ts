/** `docs/telemetry.md`: what it says compiles, in a page and in a server. */
import { join } from 'node:path';
import { expect, inject, test } from 'vitest';
import { filesOf, writeFiles } from './support/code-blocks.ts';
import { compile } from './support/compile.ts';

const { folder } = inject('consumer');
const files = filesOf('docs/telemetry.md');

test('the code compiles as it stands, beside the files of the guide', () => {
  const written = join(folder, 'telemetry');
  const guide = filesOf('docs/guide.md');
  const borrowed = ['protocol.ts', 'hub.ts', 'client.ts'].map(
    (name) => [name, guide.get(name) ?? ''] as const,
  );
  writeFiles(new Map([...borrowed, ...files]), written);
  const pathsOf = (...names: string[]) => names.map((name) => join(written, name));
  expect([...files.keys()]).toEqual(['traced-client.ts', 'traced-server.ts', 'tracing.ts']);
  const options = { module: 'ESNext', moduleResolution: 'bundler', moduleDetection: 'force', types: [] };
  expect(compile(folder, 'telemetry-page', options, pathsOf('traced-client.ts', 'tracing.ts'))).toBe('');
  const server = { module: 'NodeNext', types: ['node'] };
  expect(compile(folder, 'telemetry-server', server, pathsOf('traced-server.ts', 'tracing.ts'))).toBe('');
});
