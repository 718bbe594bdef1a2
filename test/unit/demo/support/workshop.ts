import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { Plan } from '../../../../demo/engine/opening.ts';
import { parsePipeline } from '../../../../demo/engine/pipeline.ts';
import { pipelines } from '../../../../demo/engine/pipelines.ts';
import type { Source } from '../../../../demo/engine/saved-run.ts';
import {
  type ConsoleServer,
  type ConsoleServerOptions,
  startConsoleServer,
} from '../../../../demo/server/index.ts';
import { connectOperator, type Operator } from './operator.ts';

/** A folder that is gone after the test. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'trunkline-demo-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));
  return folder;
}

export const BUDGET = { limit: 100, perCpuSecond: 0.001 };

export function sourceOf(name: string, nodes: readonly object[], rest: object = {}): Source {
  const pipeline = parsePipeline({ title: name, budget: BUDGET, nodes, ...rest }, 'the test', name);
  return { kind: 'file', pipeline, here: '/', target: '/' };
}

/** The console's server with pipelines, ended after the test. */
export async function serve(
  sources: readonly Source[],
  options: Partial<ConsoleServerOptions<Source>> = {},
): Promise<ConsoleServer> {
  return await serveKind(() => pipelines(sources), options);
}

/** The same with runs of any kind. */
export async function serveKind<S extends { readonly pipeline: Plan }>(
  kind: ConsoleServerOptions<S>['kind'],
  options: Partial<ConsoleServerOptions<S>> = {},
): Promise<ConsoleServer> {
  const server = await startConsoleServer({
    site: new Map(),
    dataFolder: temporaryFolder(),
    ...options,
    kind,
  });
  onTestFinished(() => server.close());
  return server;
}

export async function operate(server: { url: string }, name?: string): Promise<Operator> {
  const operator = await connectOperator(server.url, name);
  onTestFinished(() => operator.destroy());
  return operator;
}

/** Waits until it is so. */
export async function eventually(isSo: () => boolean | Promise<boolean>, withinMs = 30_000): Promise<void> {
  const until = Date.now() + withinMs;
  while (!(await isSo())) {
    if (Date.now() > until) throw new Error(`not within ${withinMs} ms: ${isSo}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
