/** Next.js as its users call it: `next build`, then `next start`. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { expect } from 'vitest';
import { lastingPort } from '../../../testing/network/lasting-port.ts';
import type { Sources } from './bundlers.ts';
import type { Pages } from './running-application.ts';

export type NextBundler = 'turbopack' | 'webpack';

const env = { ...process.env, NEXT_TELEMETRY_DISABLED: '1' };

/** Builds the application by that bundler, and serves it until it is closed. */
export function builtByNext(bundler: NextBundler) {
  return async ({ app }: Pick<Sources, 'app'>): Promise<Pages> => {
    const next = createRequire(join(app, 'package.json')).resolve('next/dist/bin/next');
    const build = [next, 'build', `--${bundler}`];
    const { status, stdout, stderr } = spawnSync(process.execPath, build, {
      cwd: app,
      env,
      encoding: 'utf8',
    });
    if (status !== 0) throw new Error(`next build ended with ${status}: ${stdout}${stderr}`);
    const port = await lastingPort();
    const start = [next, 'start', '--port', `${port}`, '--hostname', '127.0.0.1'];
    const server = spawn(process.execPath, start, { cwd: app, env, stdio: ['ignore', 'ignore', 'inherit'] });
    const exit = once(server, 'exit');
    const origin = `http://127.0.0.1:${port}`;
    await expect
      .poll(async () => (await fetch(origin).catch(() => null))?.status ?? server.exitCode, {
        timeout: 120_000,
      })
      .not.toBe(null);
    return {
      origin,
      async close() {
        server.kill('SIGKILL');
        await exit;
      },
    };
  };
}
