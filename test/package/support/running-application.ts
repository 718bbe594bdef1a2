import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type BrowserContext, chromium, type Page } from 'playwright';
import { expect } from 'vitest';
import { CHROMIUM_ARGS, chromiumPath } from '../../../scripts/chromium.ts';
import { lastingPort } from '../../../testing/network/lasting-port.ts';
import { startSite } from '../../e2e/harness/site.ts';
import { buildWithVite, type Sources } from './bundlers.ts';
import { writeFiles } from './code-blocks.ts';

/** What serves an application's pages. */
export interface Pages {
  readonly origin: string;
  close(): Promise<void>;
}

/** An application as a document has it: its pages served, its server a process. */
export interface RunningApplication<P extends Pages> {
  readonly site: P;
  /** Of the application's server. */
  readonly port: number;
  readonly context: BrowserContext;
  startServer(): void;
  /** As a crash does. */
  killServer(): Promise<void>;
  end(): Promise<void>;
}

/**
 * Runs the files of a document, whose server listens on port 8080 for pages of Vite's own, on ports that are free.
 */
export async function runApplication<P extends Pages>(
  files: ReadonlyMap<string, string>,
  folder: string,
  serve: (sources: Sources, port: number) => Promise<P>,
  change: (text: string) => string = (text) => text,
): Promise<RunningApplication<P>> {
  const port = await lastingPort();
  writeFiles(files, folder, (text) =>
    change(text).replace('localhost:8080', `127.0.0.1:${port}`).replace('listen(8080', `listen(${port}`),
  );
  const site = await serve({ app: folder, folder: `${folder}-built` }, port);
  const serverFile = join(folder, 'server.ts');
  writeFileSync(serverFile, readFileSync(serverFile, 'utf8').replace('http://localhost:5173', site.origin));
  const browser = await chromium.launch({ executablePath: chromiumPath(), args: CHROMIUM_ARGS });
  let server: ChildProcess | null = null;
  const killServer = async () => {
    const running = server;
    server = null;
    if (!running) return;
    running.kill('SIGKILL');
    await once(running, 'exit');
  };
  const startServer = () => {
    server = spawn(process.execPath, ['server.ts'], { cwd: folder, stdio: 'inherit' });
  };
  startServer();
  return {
    site,
    port,
    context: await browser.newContext(),
    startServer,
    killServer,
    async end() {
      await browser.close();
      await killServer();
      await site.close();
    },
  };
}

/** Builds the pages, and serves them under a strict policy. */
export function built(build: (sources: Sources) => Promise<string> = buildWithVite) {
  return async (sources: Sources, port: number) => startSite(await build(sources), () => port);
}

/**
 * Waits until the page says that its line is open, and tells what it said last where it never does. On a busy machine a
 * development server takes longer over a hub than a page waits for one: it starts it up to three times, within 39 s, and
 * again 30 s later.
 */
export async function isOpen(page: Page): Promise<void> {
  const line = page.getByText('Line: ');
  await expect.poll(() => line.textContent(), { timeout: 120_000 }).toBe('Line: open');
}
